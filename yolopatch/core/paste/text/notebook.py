"""The code of a Jupyter notebook: the text of its code cells."""

from __future__ import annotations

import re
from typing import NamedTuple

from yolopatch.core.plain_json import load_json
from yolopatch.core.text import split_lines

_MAGIC = re.compile(r"[%!]|\?{1,2}\w|[\w.]+\?{1,2}\s*$")
_OTHER_CELL = re.compile(r"%%(?!time|capture|prun)\w")  # `%%bash`: the cell is another language


class Cell(NamedTuple):
    """A code cell: its number in the notebook, counted from 1, and its text."""

    number: int
    text: str


def is_magic(line: str) -> bool:
    """Tell whether a line is a command of the notebook: `%matplotlib inline`, `!pip install timm`, `x?`."""
    return _MAGIC.match(line) is not None


def code_cells(text: str) -> list[Cell] | None:
    """Return the code cells of a notebook file; None if the text is none."""
    if not text.lstrip().startswith("{") or '"cells"' not in text:
        return None
    try:
        cells = load_json(text)["cells"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(cells, list):
        return None
    found = (Cell(number, _source(cell)) for number, cell in enumerate(cells, 1) if _is_code(cell))
    return [cell for cell in found if not _OTHER_CELL.match(cell.text)]


def _is_code(cell: object) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", "")
    joined = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in split_lines(joined))
