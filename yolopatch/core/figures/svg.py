"""What every SVG figure has: a name and a description for those who hear it, a style for screens and paper."""

from __future__ import annotations

from html import escape

_FONT = '"Segoe UI", "Helvetica Neue", Arial, "Noto Sans CJK SC", sans-serif'
_LIGHT = f"""
text {{ font: 11px system-ui, {_FONT}; fill: #3d4450; }}
.paper {{ fill: #ffffff; }}
.title {{ font-size: 16px; font-weight: 600; fill: #14171c; }}
.right {{ text-anchor: end; }}
"""
_DARK = """
text { fill: #b7bfcc; }
.paper { fill: #14171c; }
.title { fill: #f2f4f7; }
"""


def svg_document(width: float, height: float, title: str, description: str, light: str, dark: str, body: str) -> str:
    """Return the text of an SVG file.

    Args:
        width, height: in pixels.
        title, description: what a screen reader says, as plain text.
        light: the style of the figure's own classes, on light screens and on paper.
        dark: what differs on dark screens.
        body: its elements, over the background.
    """
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" \
viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="title desc">
<title id="title">{svg_text(title)}</title>
<desc id="desc">{svg_text(description)}</desc>
<style>{_LIGHT}{light.strip()}
@media screen and (prefers-color-scheme: dark) {{{_DARK}{dark.strip()}
}}
</style>
<rect class="paper" width="100%" height="100%"/>
{body}
</svg>
"""


def svg_text(text: str) -> str:
    """Return a text as XML can hold it: what cannot be printed is written out."""
    return escape(text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))
