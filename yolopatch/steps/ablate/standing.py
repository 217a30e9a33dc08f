"""What came out of the runs of a grid so far, read from its folder."""

from __future__ import annotations

import gc
import platform
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from yolopatch.catalog.environment.libraries import named_versions
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.ablate.results import DONE, FAILED, PENDING, Conditions, RunResult
from yolopatch.core.ablate.scores import Pair, keep_scores, kept_digest, kept_scores, read_scores
from yolopatch.core.text import sha256
from yolopatch.core.training.run import Run
from yolopatch.errors import YolopatchError
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.steps.ablate.equal import with_settings
from yolopatch.steps.ablate.plan import GridPlan, PlannedRun
from yolopatch.steps.engines.engine import Keep
from yolopatch.steps.training.results import box_columns, results_content, results_stamp

_ENVIRONMENTS = 16  # that are known at once: thousands of runs have a few in common


def keep_in(folder: GridFolder, fitness: Sequence[float]) -> Keep:
    """Return what writes the records of a grid's runs: that of a trained run has its scores, and which runs it is like.

    Args:
        folder: of the grid.
        fitness: the weights of upstream's, as `GridRecord.fitness`.
    """

    def keep(name: str, run: Run) -> None:
        folder.save_run(name, _with_scores(with_settings(run), fitness) if run.trained else run)

    return keep


def _with_scores(run: Run, fitness: Sequence[float]) -> Run:
    try:
        stamp, content = results_stamp(run), results_content(run)  # what changes in between is read again
        scores = read_scores(box_columns(run, content), fitness)
    except (YolopatchError, OSError):
        return run  # whoever makes the table reads the file, and says what is wrong with it
    return replace(run, scores=keep_scores(scores, sha256(content), stamp, fitness))


def read_runs(plan: GridPlan, folder: GridFolder) -> dict[str, Run]:
    """Return the records of the runs that were begun, by their ids; those of an equal environment share one."""
    known: deque[Mapping[str, Any]] = deque(maxlen=_ENVIRONMENTS)
    read = ((one.id, folder.read_run(one.id)) for one in plan.runs())
    with _no_collection():
        return {name: _sharing(run, known) for name, run in read if run is not None}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the collector of garbage rest: it would look through thousands of new records again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sharing(run: Run, known: deque[Mapping[str, Any]]) -> Run:
    """Return a record with environments that are known, where it has equal ones; the others are known from now on."""
    attempts = (replace(one, environment=_known(one.environment, known)) for one in run.attempts)
    return replace(run, attempts=tuple(attempts))


def _known(environment: Mapping[str, Any], known: deque[Mapping[str, Any]]) -> Mapping[str, Any]:
    found = next((one for one in known if one == environment), None)
    if found is None:
        known.appendleft(environment)
    return environment if found is None else found


def results_of(plan: GridPlan, runs: Mapping[str, Run], record: GridRecord | None) -> tuple[RunResult, ...]:
    """Return every run of the grid, those that were not begun, too."""
    with _no_collection():
        return tuple(_result(planned, runs.get(planned.id), record) for planned in plan.runs())


def _result(planned: PlannedRun, run: Run | None, record: GridRecord | None) -> RunResult:
    best = last = None
    damage = ""
    if run is not None and record is not None and run.trained:
        try:
            best, last = _scores(run, record.fitness)
        except YolopatchError as error:
            damage = str(error)
    attempts = run.attempts if run else ()
    return RunResult(
        id=planned.id,
        arm=planned.arm.name,
        scale=planned.scale,
        seed=planned.seed,
        status=FAILED if damage else _status(run),
        commit=run.wanted.commit if run else "",
        best=best,
        last=last,
        seconds=run.seconds if run else 0.0,
        attempts=len(attempts),
        host=str(attempts[-1].environment.get("host", "")) if attempts else "",
        why=damage or (run.why if run else ""),
    )


def _scores(run: Run, fitness: Sequence[float]) -> Pair:
    """Return the scores that the record has kept of the results as they are now; else those of the results."""
    kept = kept_scores(run.scores, _digest(run), fitness) if run.scores else None
    return kept or read_scores(box_columns(run, results_content(run)), fitness)


def _digest(run: Run) -> str:
    """Return the sha256 of the results as they are now; where their file is still the same, that of the record."""
    return kept_digest(run.scores, results_stamp(run)) or sha256(results_content(run))


def _status(run: Run | None) -> str:
    if run is None:
        return PENDING
    return DONE if run.trained else FAILED if run.why else PENDING


def conditions_of(plan: GridPlan, runs: Mapping[str, Run], record: GridRecord | None) -> Conditions:
    """Return what all runs have in common, for the notes of the tables."""
    grid = plan.grid
    return Conditions(
        choice=grid.checkpoint,
        pin=plan.pin.name,
        seed_patch=record.seed_patch if record else None,
        loaders_known=plan.pin.home is None,
        data=record.data if record else grid.data,
        arguments=" ".join(f"{key}={value}" for key, value in grid.train.items()),
        weights=grid.weights or "",
        environment=_environment(runs.values()),
        figures=record.how if record else "",
    )


def _environment(runs: Iterable[Run]) -> str:
    """Return the libraries and machines of the runs, in words: each set once."""
    # those that are the same object need not be compared
    known = {id(one): one for one in (run.attempts[-1].environment for run in runs if run.attempts)}
    return "; ".join(dict.fromkeys(map(_words, known.values())))


def _words(environment: Mapping[str, object]) -> str:
    packages = environment.get("packages")
    versions = named_versions(packages) if isinstance(packages, Mapping) else {}
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Python {environment.get('python')}, {listed}, on {environment.get('host', platform.node())}"
