"""The results of `verify` for every module, as a Markdown page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.maintain.matrix import PLACES, QUICK, SCALES, TASK_SCALE, Case, Result

# (heading, scale, task)
_COLUMNS = [
    *((scale, scale, DETECT) for scale in SCALES),
    *((f"{task} {TASK_SCALE}", TASK_SCALE, task) for task in TASKS if task != DETECT),
]


def page(results: Sequence[Result]) -> str:
    """Return the results as a Markdown page: one table for each flavor, one row for each module and placement."""
    head = [
        "# Every module, verified",
        "",
        "Written by `make verify-matrix`: `yolopatch verify` with all its checks but `latency`, `memory` and "
        "`seeds`, at 640 px. A column is",
        "a scale of the detection model, or another task's model. A cell names the checks that fail or warn; `flops`,",
        "which warns of nearly every model because thop does not see functions, is left out. Where a cell has a star,",
        f"only these were run: {', '.join(QUICK[:6])},",
        f"{', '.join(QUICK[6:])}.",
        "",
        *(f"- {_count(flavor, results)}" for flavor in FLAVORS),
        "",
    ]
    return "\n".join([*head, *(line for flavor in FLAVORS for line in _table(flavor, results))])


def _count(flavor: str, results: Sequence[Result]) -> str:
    verified = [result for result in results if result.case.flavor == flavor]
    passing = sum(not result.failed for result in verified)
    passed = f"Flavor `{flavor}`: {passing} of {len(verified)} models pass."
    return f"{passed} It does what the posts' code does, faults included." if flavor == TUTORIAL_FLAVOR else passed


def _table(flavor: str, results: Sequence[Result]) -> Iterator[str]:
    found = {result.case: result for result in results}
    columns = [c for c in _COLUMNS if any((case.scale, case.task) == c[1:] for case in found)]
    yield from (f"## Flavor `{flavor}`", "", f"| pin | module | in | {' | '.join(c[0] for c in columns)} |")
    yield "|---" * (3 + len(columns)) + "|"
    for pin, module, place in itertools.product(PINS, MODULES, PLACES):
        cells = [_cell(found.get(Case(pin, module, flavor, place, scale, task))) for _, scale, task in columns]
        if any(cells):
            yield f"| {pin} | {module} | {place} | {' | '.join(cells)} |"
    yield ""


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    verdict = f"fails {', '.join(result.failed)}" if result.failed else "pass"
    verdict += "*" * result.quick
    warned = [name for name in result.warned if name != "flops"]
    return f"{verdict}; warns {', '.join(warned)}" if warned else verdict
