"""Verify every module on every pin, in both flavors, as a layer and in blocks, at every scale; write one table.

A run takes hours on two cores. Each result is kept as it comes, so a run that was stopped goes on where it was;
a result is made anew when the workspace's commit, the YAML (its comments aside) or yolopatch's version is another.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.modules import FLAVORS, MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.checks import FAIL, WARN
from yolopatch.outside.store import cache_dir
from yolopatch.steps.apply import apply
from yolopatch.steps.render import RenderRequest, render
from yolopatch.steps.verify import verify

SCALES = "nsmlx"
PLACES = ("layer", "block")


@dataclass(frozen=True)
class Case:
    """One model of the matrix."""

    pin: str
    module: str
    flavor: str
    place: str
    scale: str


@dataclass(frozen=True)
class Result:
    """What `verify` said of a case: the ids of the checks that failed and that warned."""

    case: Case
    key: str
    verdict: str
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    seconds: float


def cases(scales: str = SCALES, pins: Sequence[str] = tuple(PINS)) -> list[Case]:
    """Return the cases, the small scales first: most mistakes show there."""
    return [
        Case(pin, module, flavor, place, scale)
        for scale, pin, flavor, module, place in itertools.product(scales, pins, FLAVORS, MODULES, PLACES)
    ]


def verify_all(wanted: Iterable[Case], kept: Path, workers: int) -> Iterator[Result]:
    """Verify the cases that have no result yet and yield every result as it is there.

    Args:
        wanted: what to verify.
        kept: the file that keeps results, one JSON object a line.
        workers: how many models at a time; each gets its share of the cores.
    """
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // workers))
    known = {result.key: result for result in read_results(kept)}
    with tempfile.TemporaryDirectory(prefix="yolopatch-matrix-") as name, ThreadPoolExecutor(workers) as pool:
        folder = Path(name)
        workspaces = _workspaces(wanted, folder)
        jobs = [(case, workspaces[case.pin, case.flavor], _render(case, folder)) for case in wanted]
        for result in pool.map(lambda job: _result(*job, known), jobs):
            if result.key not in known:
                with kept.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(asdict(result)) + "\n")
            yield result


def read_results(kept: Path) -> list[Result]:
    """Return the results that a file keeps."""
    if not kept.is_file():
        return []
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return [
        Result(**{**row, "case": Case(**row["case"]), "failed": tuple(row["failed"]), "warned": tuple(row["warned"])})
        for row in rows
    ]


def _workspaces(wanted: Iterable[Case], folder: Path) -> dict[tuple[str, str], tuple[Path, str]]:
    """Return a workspace with all modules, and its commit, for each pin and flavor."""
    made = {}
    for pin, flavor in dict.fromkeys((case.pin, case.flavor) for case in wanted):
        place = folder / f"{pin}-{flavor}"
        state = apply(pin, list(MODULES), flavor, place, "auto", cache_dir())
        made[pin, flavor] = (place, state.commit)
    return made


def _render(case: Case, folder: Path) -> Path:
    request = RenderRequest(
        modules=(case.module,),
        model=PINS[case.pin].model,
        scales=case.scale,
        flavor=case.flavor,
        block=case.place == "block",
        out=folder / f"cfg-{case.flavor}-{case.place}",
    )
    return render(request, templates_dir()).files[0].path


def _result(case: Case, workspace: tuple[Path, str], cfg: Path, known: dict[str, Result]) -> Result:
    place, commit = workspace
    key = _key(case, commit, cfg.read_text(encoding="utf-8"))
    if key in known:
        return known[key]
    found = verify(place, cfg, case.scale)
    ids = {status: tuple(c.id for c in found.checks if c.status == status) for status in (FAIL, WARN)}
    return Result(case, key, found.verdict, ids[FAIL], ids[WARN], round(float(found.run["seconds"]), 1))


def _key(case: Case, commit: str, text: str) -> str:
    told = [line.partition("#")[0].strip() for line in text.splitlines()]
    said = json.dumps([asdict(case), commit, [line for line in told if line], __version__])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def page(results: Sequence[Result]) -> str:
    """Return the results as a Markdown page: for each flavor, a row for each module and place, a column a scale."""
    paper = [result for result in results if result.case.flavor == "paper"]
    passing = sum(not result.failed for result in paper)
    scales = ", ".join(s for s in SCALES if any(result.case.scale == s for result in results))
    head = [
        "# Every module, verified",
        "",
        "Written by `make verify-matrix`: `yolopatch verify` with all its checks. A cell names the checks that fail or",
        "warn; `flops`, which warns of nearly every model because thop does not see functions, is left out.",
        f"Scales that were run: {scales}. Flavor `paper`: {passing} of {len(paper)} models pass. Flavor `tutorial`",
        "fails where the posts' code does not do what it says.",
        "",
    ]
    return "\n".join([*head, *(line for flavor in FLAVORS for line in _table(flavor, results))])


def _table(flavor: str, results: Sequence[Result]) -> Iterator[str]:
    found = {result.case: result for result in results}
    scales = [s for s in SCALES if any(case.scale == s for case in found)]
    yield from (f"## Flavor `{flavor}`", "", f"| pin | module | in | {' | '.join(scales)} |")
    yield "|---" * (3 + len(scales)) + "|"
    for pin, module, place in itertools.product(PINS, MODULES, PLACES):
        cells = [_cell(found.get(Case(pin, module, flavor, place, scale))) for scale in scales]
        if any(cells):
            yield f"| {pin} | {module} | {place} | {' | '.join(cells)} |"
    yield ""


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    verdict = f"fails {', '.join(result.failed)}" if result.failed else "pass"
    warned = [name for name in result.warned if name != "flops"]
    return f"{verdict}; warns {', '.join(warned)}" if warned else verdict
