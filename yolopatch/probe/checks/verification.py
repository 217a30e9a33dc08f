"""Run the checks on one model, one after the other; none hides another."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import torch

from ...wire.checks import CHECKS
from ...wire.statuses import FAIL
from ...wire.verification import CheckBegun, CheckEnded
from ..build.subject import Subject
from ..environment.runs_with import describe
from ..protocol.findings import failed, skipped, warned
from ..protocol.raising import first_line
from ..tensors.tensors import seed_all
from .rules import Rules
from .structure import base_parity

_TRACEBACK = "traceback"  # the evidence of what raised instead of answering
_LINES = 12  # of a traceback: enough to reach from upstream's forward to the module's own line


def verify(upstream, request, emit):
    """Run the checks that the request names and emit each beginning and each finding.

    Args:
        upstream: the workspace's upstream, opened.
        request: what to check, by which checks.
        emit: takes RunsWith first; for each check CheckBegun, then CheckEnded.
    """
    subject = Subject(upstream, request)
    emit(describe(subject.device))
    if "base-parity" in request.checks:
        base_parity.begin(subject)
    for name in _in_running_order(request.checks):
        emit(CheckBegun(name))
        begun = time.perf_counter()
        finding = run_check(find_check(name), subject, request.crashed)
        seconds = time.perf_counter() - begun
        emit(CheckEnded(name, **vars(finding), seconds=round(seconds, 3), facts=subject.facts))


@dataclass(frozen=True)
class RunnableCheck:
    """A check's function, which takes the subject and returns a finding, and its rules.

    What the function raises is a failure of the model.
    """

    run: Callable
    rules: Rules


def find_check(name):
    """Import the file of a check and return what is in it."""
    check = next(check for check in CHECKS if check.id == name)
    module = import_module(f".{check.module}", __package__)
    return RunnableCheck(module.check, module.RULES)


def _in_running_order(names):
    """Put `base-parity` before the first check that takes long: the process that it waits for is ready by then."""
    if "base-parity" not in names or "flops" not in names:
        return names
    others = [name for name in names if name != "base-parity"]
    place = others.index("flops")
    return [*others[:place], "base-parity", *others[place:]]


def run_check(check, subject, crashed=()):
    """Run one check and return its finding, whatever the model's code does."""
    why = _why_not(check, subject, crashed)
    if why:
        return skipped(why)
    finding = _run(check, subject)
    if finding.status == FAIL and check.rules.asks_base and subject.found_base is not None:
        return _weighed(check, subject, finding)
    return finding


def _why_not(check, subject, crashed):
    if check.rules.needs_model and ("build" in crashed or not _builds(subject)):
        return "the model does not build (see build)"
    if check.rules.needs_run and ("forward" in crashed or not subject.runs):
        return "the model does not run (see forward)"
    return ""


def _builds(subject):
    try:
        return subject.model is not None
    except Exception:  # whatever the model's code raises; the check `build` reports it
        return False


def _run(check, subject):
    _reset()
    try:
        return check.run(subject)
    except (Exception, SystemExit) as error:  # the model's code may raise anything
        return failed(
            f"it raised {type(error).__name__}: {first_line(error)}",
            "the last lines of the traceback are in the evidence: mend the code that they name",
            **{_TRACEBACK: traceback.format_exception(error)[-_LINES:]},
        )
    finally:
        _reset()


def _reset():
    """Leave nothing of one check to the next."""
    seed_all(0)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)


def _weighed(check, subject, finding):
    """Weigh a failure that upstream's own model shares: no fault of the module, or no answer at all."""
    base = _run(check, subject.as_base())
    if base.status != FAIL:
        return finding
    both = {"model": finding.evidence, "base": base.evidence}
    if all(_TRACEBACK in evidence for evidence in both.values()):
        return skipped(
            f"it cannot run here: with upstream's own model, too, {base.summary}",
            "upstream, this environment or the check itself is to blame: see the traceback in the evidence",
            **both,
        )
    return warned(
        f"upstream's own model does the same: {finding.summary}",
        "the module is not to blame; upstream, or this environment, is",
        **both,
    )
