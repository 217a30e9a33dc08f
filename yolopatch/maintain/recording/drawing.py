"""Draw a film as an SVG: text as text, no script, no font from elsewhere, readable in light and in dark.

Without animation (in print, or where the reader asked for less motion), the picture shows the last command's output
from its first line.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from yolopatch.core.text import cells_of
from yolopatch.maintain.recording.film import Film, Shot
from yolopatch.maintain.recording.screen import Run

_CELL, _LINE, _SIZE, _MARGIN = 8.0, 19, 13.3, 16  # pixels
_BASELINE = 14  # of a row, from its upper edge
_FONTS = (
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", '
    '"Noto Sans Mono CJK SC", "Microsoft YaHei", monospace'
)
# each colour in light and in dark; each has a contrast of at least 4.5 to its ground
_THEMES = {
    "ground": ("#f6f8fa", "#161b22"),
    "edge": ("#d0d7de", "#30363d"),
    "text": ("#1f2328", "#e6edf3"),
    "dim": ("#59636e", "#9198a1"),
    "red": ("#b91c1c", "#ff7b72"),
    "green": ("#116329", "#56d364"),
    "yellow": ("#7d4e00", "#e3b341"),
    "blue": ("#0550ae", "#79c0ff"),
    "magenta": ("#8250df", "#d2a8ff"),
    "cyan": ("#1b6a72", "#56d4dd"),
    "black": ("#1f2328", "#9198a1"),
    "white": ("#59636e", "#e6edf3"),
}


def draw(film: Film, columns: int, rows: int, title: str) -> str:
    """Return the SVG of a film, on a terminal of which this many columns and rows are seen.

    Args:
        title: what it shows, for those who do not see it.
    """
    width, height = columns * _CELL + 2 * _MARGIN, rows * _LINE + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        f"<style>{_style(film, rows)}</style>",
        f'<rect class="window" x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>',
        f'<svg x="{_MARGIN}" y="{_MARGIN}" width="{columns * _CELL:g}" height="{rows * _LINE}"><g class="paper">',
        *(_row(shot) for shot in film.shots),
        "</g></svg>",
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _style(film: Film, rows: int) -> str:
    light, dark = ("".join(f"--{name}:{both[index]};" for name, both in _THEMES.items()) for index in (0, 1))
    colours = "".join(f".{name}{{fill:var(--{name})}}" for name in _THEMES if name not in ("ground", "edge", "text"))
    return "".join(
        [
            f"svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}",
            ".window{fill:var(--ground);stroke:var(--edge)}",
            f"text{{font:{_SIZE}px {_FONTS};fill:var(--text);white-space:pre}}.bold{{font-weight:700}}{colours}",
            # a row that stays is hidden until its time, one that goes is shown for its time
            "@keyframes hide{from,to{opacity:0}}@keyframes show{from,to{opacity:1}}.gone{opacity:0}",
            f".paper{{transform:translateY({-_LINE * film.last_command}px);"
            f"animation:scroll {film.seconds:.2f}s step-end}}",
            f"@keyframes scroll{{{''.join(_scrolled(film, rows))}}}",
            "@media (prefers-reduced-motion:reduce){*{animation:none!important}}",
            "@media print{*{animation:none!important}}",
        ]
    )


def _scrolled(film: Film, rows: int) -> Iterator[str]:
    """Yield from when on the paper is how far up: the last row is always seen, until the film ends."""
    before = -1
    for seconds, height in film.heights:
        above = max(0, height - rows)
        if above != before:
            yield f"{100 * seconds / film.seconds:.2f}%{{transform:translateY({-_LINE * above}px)}}"
        before = above


def _row(shot: Shot) -> str:
    texts = "".join(_text(run, shot.number * _LINE + _BASELINE) for run in shot.row)
    if shot.end is None:
        return f'<g class="line" style="animation:hide {shot.start:.2f}s">{texts}</g>'
    shown = f"animation:show {shot.end - shot.start:.2f}s {shot.start:.2f}s"
    return f'<g class="gone" aria-hidden="true" style="{shown}">{texts}</g>'


def _text(run: Run, y: int) -> str:
    style = run.style
    names = [*([style.colour] if style.colour else []), *(["bold"] * style.bold), *(["dim"] * style.dim)]
    looks = f' class="{" ".join(names)}"' if names else ""
    # the width keeps the columns under each other in any font
    width = f"{cells_of(run.text) * _CELL:g}"
    return (
        f'<text x="{run.column * _CELL:g}" y="{y}" textLength="{width}" lengthAdjust="spacingAndGlyphs"{looks}>'
        f"{escape(run.text)}</text>"
    )
