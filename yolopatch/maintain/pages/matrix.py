"""The results of `verify` for every module, as a Markdown page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.maintain.matrix import BUILT, PLACES, QUICK, SCALES, TASK_SCALE, Case, Result
from yolopatch.maintain.pages.cells import read_cells
from yolopatch.maintain.pages.verdicts import BUILT_CELL, failing, is_built

# (heading, scale, task)
_COLUMNS = [
    *((scale, scale, DETECT) for scale in SCALES),
    *((f"{task} {TASK_SCALE}", TASK_SCALE, task) for task in TASKS if task != DETECT),
]


def page(results: Sequence[Result], before: str = "") -> str:
    """Return the results as a Markdown page: one table for each flavor, one row for each module and placement.

    Args:
        results: of the models that were verified.
        before: the text of the page until now; what it says of other models stays.
    """
    cells = {**read_cells(before), **{result.case: _cell(result) for result in results}}
    head = [
        "# Every module, verified",
        "",
        "Written by `make verify-matrix`: `yolopatch verify` with all its checks but `latency`, `memory` and "
        "`seeds`, at 640 px. A column is",
        "a scale of the detection model, or another task's model. A cell names the checks that fail or warn; `flops`,",
        "which warns of nearly every model because thop does not see functions, is left out. Where a cell has a star,",
        f"only these were run: {', '.join(QUICK[:6])},",
        f"{', '.join(QUICK[6:])}.",
        f"Where it says `built`, only these: {', '.join(BUILT)}.",
        "A run of a part of the models (`MODULES=`, `PINS=`, `SCALES=`) leaves the other cells as they were.",
        "",
        *(f"- {_count(flavor, cells)}" for flavor in FLAVORS),
        "",
    ]
    return "\n".join([*head, *(line for flavor in FLAVORS for line in _table(flavor, cells))])


def _count(flavor: str, cells: Mapping[Case, str]) -> str:
    found = [cell for case, cell in cells.items() if case.flavor == flavor]
    verified = [cell for cell in found if not is_built(cell)]
    passing = sum(not failing(cell) for cell in verified)
    passed = f"Flavor `{flavor}`: {passing} of {len(verified)} models pass."
    if len(found) > len(verified):
        passed += f" Built, and not verified further: {len(found) - len(verified)}."
    return f"{passed} It does what the posts' code does, faults included." if flavor == TUTORIAL_FLAVOR else passed


def _table(flavor: str, found: Mapping[Case, str]) -> Iterator[str]:
    columns = [c for c in _COLUMNS if any((case.scale, case.task) == c[1:] for case in found)]
    yield from (f"## Flavor `{flavor}`", "", f"| pin | module | in | {' | '.join(c[0] for c in columns)} |")
    yield "|---" * (3 + len(columns)) + "|"
    for pin, module, place in itertools.product(PINS, MODULES, PLACES):
        cells = [found.get(Case(pin, module, flavor, place, scale, task), "") for _, scale, task in columns]
        if any(cells):
            yield f"| {pin} | {module} | {place} | {' | '.join(cells)} |"
    yield ""


def _cell(result: Result) -> str:
    passed = BUILT_CELL if result.depth == "built" else "pass"
    verdict = f"fails {', '.join(result.failed)}" if result.failed else passed
    verdict += "*" * (result.depth == "quick")
    warned = [name for name in result.warned if name != "flops"]
    return f"{verdict}; warns {', '.join(warned)}" if warned else verdict
