"""Run the checks on one model, one after the other. A check that fails does not stop the next one."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from ...wire.checks import CHECKS
from ...wire.statuses import FAIL, SKIP
from ...wire.verification import CheckBegun, CheckEnded, VerifyRequest
from ..build.reference_process import ReferenceProcess
from ..build.subject import Subject
from ..environment.runs_with import describe
from ..explain.causes import cause_of, known_cause
from ..explain.in_place import changed_in_place
from ..explain.raising import edited_line, first_line
from ..measure.batches import make_batch
from ..protocol.emit import Emit
from ..protocol.findings import Finding, failed, skipped, warned
from ..tensors.arithmetic import compute_comparably
from ..tensors.tensors import seed_all
from ..upstreams.upstream import Upstream
from .given_to_loss import not_taken
from .rules import Rules
from .unchanged import begin

_TRACEBACK = "traceback"  # the key in the evidence of a check that raised
_EDITED = "edited_line"  # the key for the line of the checkout that raised, where upstream does not have it
_FRAMES = 12  # of a traceback: enough to reach from upstream's forward to the module's own line
_FIRST = {"build": "the model does not build (see build)", "forward": "the model does not run (see forward)"}


def verify(upstream: Upstream, request: VerifyRequest, emit: Emit, reference: ReferenceProcess | None = None) -> None:
    """Run the checks that the request names, and send the begin and the finding of each.

    Where one cannot run, because the model does not build or run, the check that says why is run as well, asked for or
    not.

    Args:
        upstream: the workspace's upstream.
        request: the model and the checks.
        emit: gets RunsWith first; then CheckBegun and CheckEnded for each check.
        reference: the process of the unchanged upstream; None where there is nothing to compare with.
    """
    try:
        _verify(upstream, request, emit, reference)
    finally:
        if reference is not None:
            reference.end()


def _verify(upstream: Upstream, request: VerifyRequest, emit: Emit, reference: ReferenceProcess | None) -> None:
    # all files before the first check: what fails in a check is put down to the model
    checks = {name: load_check(name) for name in _in_running_order(request.checks)}
    unasked = {name: load_check(name) for name in _FIRST if name not in {*checks, *request.crashed}}
    subject = Subject(upstream, request)
    emit(describe(subject.device))
    if reference is not None:
        begin(subject, reference)
    for name, check in checks.items():
        emit(CheckBegun(name))
        finding, seconds = _timed(check, subject, request.crashed)
        first = _failing_first(check, subject, request.crashed) if finding.status == SKIP and unasked else None
        if first in unasked:  # before the end of the other: who listens waits for no more once all asked for have ended
            emit(CheckBegun(first))
            why, taken = _timed(unasked.pop(first), subject, request.crashed)
            emit(CheckEnded(first, **vars(why), seconds=taken, facts=subject.facts))
        emit(CheckEnded(name, **vars(finding), seconds=seconds, facts=subject.facts))


def _timed(check: RunnableCheck, subject: Subject, crashed: Collection[str]) -> tuple[Finding, float]:
    """Return the finding of a check, and the seconds that it took."""
    begun = time.perf_counter()
    finding = run_check(check, subject, crashed)
    return finding, round(time.perf_counter() - begun, 3)


@dataclass(frozen=True)
class RunnableCheck:
    """The function of a check, and its rules.

    An exception of the function is a failure of the model.
    """

    run: Callable[[Subject], Finding]
    rules: Rules


def load_check(name: str) -> RunnableCheck:
    """Import the file of a check.

    Where a library of this environment lacks what the file imports, the check is one that is always skipped. Any
    other error in the file is a bug of yolopatch and is raised.
    """
    check = next(check for check in CHECKS if check.id == name)
    try:
        module = import_module(f".{check.module}", __package__)
    except ImportError as error:
        return _unavailable(f"{type(error).__name__}: {first_line(error)}")
    return RunnableCheck(module.check, module.RULES)


def _unavailable(reason: str) -> RunnableCheck:
    """Return a check that only says why it cannot run."""
    finding = skipped(
        f"this check cannot be imported here, and the model is not to blame: {reason}",
        "install the library that the message names, or a newer release of it",
    )
    return RunnableCheck(lambda subject: finding, Rules(needs_model=False, needs_run=False, asks_base=False))


def _in_running_order(names: Sequence[str]) -> Sequence[str]:
    """Put `base-parity` before the first slow check: the process that it waits for is ready by then."""
    if "base-parity" not in names or "flops" not in names:
        return names
    others = [name for name in names if name != "base-parity"]
    position = others.index("flops")
    return [*others[:position], "base-parity", *others[position:]]


def run_check(check: RunnableCheck, subject: Subject, crashed: Collection[str] = ()) -> Finding:
    """Run one check and return its finding, whatever exception the model's code raises.

    Args:
        check: see `load_check`.
        subject: the model to check.
        crashed: the checks in which an earlier process ended.
    """
    first = _failing_first(check, subject, crashed)
    if first is not None:
        return skipped(_FIRST[first])
    finding = _run(check, subject)
    if finding.status == FAIL and check.rules.asks_base and subject.found_base is not None:
        return _compared_with_base(check, subject, finding)
    return finding


def _failing_first(check: RunnableCheck, subject: Subject, crashed: Collection[str]) -> str | None:
    """Return the check that says why this one cannot run, None where it can."""
    if check.rules.needs_model and ("build" in crashed or not _builds(subject)):
        return "build"
    if check.rules.needs_run and ("forward" in crashed or not subject.runs):
        return "forward"
    return None


def _builds(subject: Subject) -> bool:
    try:
        return subject.model is not None
    except Exception:  # any exception of the model's code; the check `build` reports it
        return False


def _run(check: RunnableCheck, subject: Subject) -> Finding:
    _reset()
    try:
        return check.run(subject)
    except (Exception, SystemExit) as error:  # the model's code may raise anything
        # a copy of the model may have raised it: names of modules would not be found
        cause = (
            changed_in_place(error, lambda: subject.model, lambda: _train(subject))
            or known_cause(None, error)
            or not_taken(subject, error)
            or cause_of(None, error)
        )
        evidence: dict[str, Any] = {_TRACEBACK: traceback.format_exception(error)[-_FRAMES:]}
        edited = _edited(subject, error)
        return failed(cause.what, cause.remedy, **evidence, **({_EDITED: edited} if edited else {}))
    finally:
        _reset()


def _edited(subject: Subject, error: BaseException) -> str:
    """Return the line of the checkout at which an exception was raised, if the unchanged upstream has no such line."""
    unchanged = subject.request.pristine
    return edited_line(Path(subject.request.workspace), Path(unchanged), error) if unchanged else ""


def _train(subject: Subject) -> None:
    """Take one step of a training, without an optimiser."""
    batch = make_batch(subject)
    if batch is not None:
        loss = subject.upstream.loss(subject.fresh().train(), batch)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it


def _reset() -> None:
    """Undo the global settings of one check before the next."""
    seed_all(0)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    compute_comparably()


def _compared_with_base(check: RunnableCheck, subject: Subject, finding: Finding) -> Finding:
    """Run a failed check on the base model, too; a failure that both share is not the module's fault."""
    base = _run(check, subject.as_base())
    if base.status != FAIL:
        return finding
    both = {"model": finding.evidence, "base": base.evidence}
    if all(_TRACEBACK in evidence for evidence in both.values()):
        return _neither_runs(finding, base, both)
    return warned(
        f"upstream's own model does the same: {finding.summary}",
        "the module is not to blame, but upstream or this environment",
        **both,
    )


def _neither_runs(finding: Finding, base: Finding, both: dict[str, dict[str, Any]]) -> Finding:
    """Return what a check says that raises for the model and for its base, both made by this checkout's code."""
    edited = base.evidence.get(_EDITED)
    if edited:
        return failed(
            f"{finding.summary}; with the base's model, too: the model is not to blame, but the code of this checkout",
            f"mend {edited}, which the unchanged upstream does not have: {finding.hint}",
            **both,
        )
    return skipped(
        f"the check cannot run here: with the base's model in this checkout, too, {base.summary}",
        "upstream, an edit of it in this checkout, this environment or the check itself is to blame: see the traceback "
        "in the evidence",
        **both,
    )
