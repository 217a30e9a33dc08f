"""The cells of the page of the matrix, by the model that each is of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yolopatch.catalog.model.base_model import DETECT
from yolopatch.maintain.matrix import Case

_FLAVOR = re.compile(r"^## Flavor `(\w+)`$", re.MULTILINE)
_KEYS = ["pin", "module", "in"]


def read_cells(page: str) -> dict[Case, str]:
    """Return every result that the text of the page has, in its order."""
    _, *parts = _FLAVOR.split(page)
    return {
        case: cell for flavor, table in zip(parts[::2], parts[1::2]) for case, cell in _cells_of(flavor, table) if cell
    }


def _cells_of(flavor: str, table: str) -> Iterator[tuple[Case, str]]:
    columns: list[str] = []
    for line in table.splitlines():
        if not line.startswith("| "):  # the line below the head is |---|
            continue
        keys, values = _split(line)
        if keys == _KEYS:
            columns = values
            continue
        pin, module, place = keys
        for column, cell in zip(columns, values, strict=True):
            *task, scale = column.split()
            yield Case(pin, module, flavor, place, scale, *(task or [DETECT])), cell


def _split(line: str) -> tuple[list[str], list[str]]:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return cells[: len(_KEYS)], cells[len(_KEYS) :]
