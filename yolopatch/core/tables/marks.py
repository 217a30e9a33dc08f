"""How the best values of a column are marked."""

from __future__ import annotations

BEST, SECOND, UNMARKED = 1, 2, 0
LATEX_MARKS = {BEST: r"\textbf{%s}", SECOND: r"\underline{%s}", UNMARKED: "%s"}
MARKDOWN_MARKS = {BEST: "**%s**", SECOND: "<u>%s</u>", UNMARKED: "%s"}
