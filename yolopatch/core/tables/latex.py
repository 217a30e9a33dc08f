"""A table for a paper, in LaTeX with booktabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yolopatch.core.language.spoken import spoken

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # two of them would become a dash
    **{char: f"{{{char}}}" for char in "[]*"},  # the end of the row before would take these for its own
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
_PACKAGES = "% Needs \\usepackage{booktabs,graphicx,textcomp} and \\usepackage[T1]{fontenc}."
_CHINESE = "% With Chinese text: compile with xelatex, and add \\usepackage{ctex}."
_FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"  # only a table that is too wide gets smaller


def escape_latex(text: str) -> str:
    """Return a text that LaTeX prints as it is, in one line."""
    return "".join(_ESCAPED.get(char, char) for char in " ".join(text.split()))


def escape_note(text: str) -> str:
    """Return a text as `escape_latex` does, which may be broken behind a slash: paths are long, and have no spaces."""
    return escape_latex(text).replace("/", r"/\allowbreak{}")


def latex_table(
    heads: Sequence[str],
    units: Sequence[str],
    sides: str,
    groups: Iterable[Iterable[Sequence[str]]],
    notes: Iterable[str],
    *,
    wide: bool = False,
) -> str:
    """Return a table with its notes below it.

    Args:
        heads, units: of each column, as plain English text; "" for a column without a unit.
        sides: a letter for each column, as `tabular` wants it.
        groups: of rows of cells in LaTeX; a rule stands between two groups.
        notes: sentences of plain English text; these and the heads are put into the language of the run.
        wide: whether it takes both columns of a page.
    """
    environment = "table*" if wide else "table"
    heads, units, notes = ([*map(spoken().translate, texts)] for texts in (heads, units, notes))
    body = [line for rows in groups for line in (r"\midrule", *map(_row, rows))]
    return "\n".join(
        [
            _PACKAGES,
            *([_CHINESE] if any(letter >= "\u2e80" for letter in "".join((*heads, *units, *notes))) else []),
            rf"\begin{{{environment}}}",
            r"\centering",
            *((r"\small", r"\setlength{\tabcolsep}{3.5pt}") if wide else ()),
            _FIT,
            rf"\begin{{tabular}}{{{sides}}}",
            r"\toprule",
            _row([escape_latex(head) for head in heads]),
            _row([f"({escape_latex(unit)})" if unit else "" for unit in units]),
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\par\smallskip",
            rf"{{\footnotesize {' '.join(map(escape_note, notes))}\par}}",
            rf"\end{{{environment}}}",
            "",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"
