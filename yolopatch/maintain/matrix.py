"""Verify every module on every pin, in both flavors, as a layer and in blocks: at every scale, and for every task.

A run takes hours on two cores. Each result is saved at once, so a run that was stopped continues where it was.
A model is verified again if the workspace's commit, the YAML (without its comments) or yolopatch's version changed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.port.proof import proof_places
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.verify.verify import verify
from yolopatch.steps.workspace.apply import apply
from yolopatch.steps.workspace.state import WorkspaceState
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.statuses import FAIL, WARN

# the modules that replace a layer of a model
LAYERED = tuple(name for name, module in MODULES.items() if module.role.placement)

SCALES = "nsmlx"
# the other tasks share backbone and neck with the detection models: one scale is enough for their heads
TASK_SCALE = "n"
PLACES = ("layer", "block")
# several models run at the same time, so `latency` would measure nothing useful; `memory` and `seeds` say nothing of
# whether a model is right
ALL = tuple(check.id for check in CHECKS if check.id not in ("latency", "memory", "seeds"))
# what can fail at another scale if all checks pass at one scale; takes a fifth of the time
QUICK = (
    "build",
    "scale",
    "base-parity",
    "only-intended",
    "forward",
    "input-dependence",
    "gradient-flow",
    "attributes",
    "batch-independence",
)
BUILT = ("build", "scale")
# how much of `verify` is run, from the most to the least
DEPTHS = {"all": ALL, "quick": QUICK, "built": BUILT}


@dataclass(frozen=True)
class Case:
    """One model of the matrix."""

    pin: str
    module: str
    flavor: str
    place: str
    scale: str
    task: str = DETECT


@dataclass(frozen=True)
class Result:
    """The result of `verify` for a case: which checks of its depth failed, and which warned."""

    case: Case
    key: str
    verdict: str
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    seconds: float
    depth: str = "all"


@dataclass(frozen=True)
class _Job:
    case: Case
    workspace: Path
    cfg: Path
    commit: str

    def key(self, depth: str) -> str:
        """Return the key of the result of a depth in the file of results."""
        lines = [line.partition("#")[0].strip() for line in self.cfg.read_text(encoding="utf-8").splitlines()]
        identity = [asdict(self.case), self.commit, [line for line in lines if line], __version__]
        return hashlib.sha256(json.dumps([*identity, depth]).encode()).hexdigest()[:16]


def cases(
    scales: str = SCALES,
    pins: Sequence[str] = tuple(PINS),
    tasks: Sequence[str] = tuple(TASKS),
    flavors: Sequence[str] = FLAVORS,
    modules: Sequence[str] = LAYERED,
) -> list[Case]:
    """Return the cases, small scales first, because they show most mistakes."""
    models = [(scale, DETECT) for scale in scales if DETECT in tasks]
    models += [(TASK_SCALE, task) for task in tasks if task != DETECT]
    return [
        Case(pin, module, flavor, place, scale, task)
        for (scale, task), pin in itertools.product(models, pins)
        if (PINS[pin].model, task) in VARIANTS
        for flavor, module in itertools.product(flavors, modules)
        if flavor in MODULES[module].flavors and (task == DETECT or MODULES[module].tutorial)
        for place in _places(MODULES[module])
    ]


def _places(module: Module) -> tuple[str, ...]:
    """Return where the matrix places a module: as `port` proves it; what goes behind a layer is a layer, too."""
    return tuple(dict.fromkeys(place if place in PLACES else PLACES[0] for place in proof_places(module)))


def verify_all(asked: Collection[Case], kept: Path, workers: int, depth: str = "all") -> Iterator[Result]:
    """Verify the cases that have no result yet, and yield every result.

    Args:
        asked: the cases to verify; saved results of other cases are yielded, too.
        kept: the file with the saved results, one JSON object in each line.
        workers: how many models to verify at the same time; they share the cores.
        depth: which of `DEPTHS` to run, for cases without a result of it or of a deeper one.
    """
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // workers))
    known = {result.key: result for result in read_results(kept)}
    depths = list(DEPTHS)
    with temporary_folder() as name, ThreadPoolExecutor(workers) as pool:
        jobs = []
        # saved results of other cases are yielded, too, so that the table stays complete
        for job in _jobs(name, [case for case in cases() if known or case in asked]):
            found = next((known[key] for key in map(job.key, DEPTHS) if key in known), None)
            if job.case in asked and (found is None or depths.index(found.depth) > depths.index(depth)):
                jobs.append(job)
            elif found:
                yield found
        for result in pool.map(lambda job: _verify(job, depth), jobs):
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(result)) + "\n")
            yield result


def read_results(kept: Path) -> list[Result]:
    """Return the results in a file; none if there is no file."""
    if not kept.is_file():
        return []
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return [
        Result(**{**row, "case": Case(**row["case"]), "failed": tuple(row["failed"]), "warned": tuple(row["warned"])})
        for row in rows
    ]


def _jobs(folder: Path, wanted: Sequence[Case]) -> Iterator[_Job]:
    """Yield each case with its workspace, which has all modules, and its YAML; both are made in the folder."""

    @cache
    def workspace(pin: str, flavor: str) -> WorkspaceState:
        modules = [name for name in LAYERED if flavor in MODULES[name].flavors]
        return apply(pin, modules, flavor, folder / f"{pin}-{flavor}", "auto", cache_dir())

    for case in wanted:
        state = workspace(case.pin, case.flavor)
        yield _Job(case, state.workspace, _render(case, folder), state.commit)


def _render(case: Case, folder: Path) -> Path:
    request = RenderRequest(
        modules=(case.module,),
        model=PINS[case.pin].model,
        task=case.task,
        scales=case.scale,
        flavor=case.flavor,
        block=case.place == "block",
        out=folder / f"cfg-{case.flavor}-{case.place}",
    )
    return render(request, templates_dir()).files[0].path


def _verify(job: _Job, depth: str) -> Result:
    found = verify(job.workspace, job.cfg, job.case.scale, checks=DEPTHS[depth], python=sys.executable)
    ids = {status: tuple(c.id for c in found.checks if c.status == status) for status in (FAIL, WARN)}
    seconds = found.run["seconds"]
    assert isinstance(seconds, float)
    return Result(job.case, job.key(depth), found.verdict, ids[FAIL], ids[WARN], round(seconds, 1), depth)
