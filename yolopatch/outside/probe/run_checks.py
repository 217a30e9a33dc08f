"""Run the checks of `verify` in a child process; if the model's code ends it, continue in a new one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.blame import blames_workspace, faulty_line
from yolopatch.outside.probe.launch import isolated_launch
from yolopatch.outside.probe.listen import TOO_LARGE, TOO_LONG, TOO_MUCH, Ended, listen
from yolopatch.outside.probe.process import Process
from yolopatch.outside.watch import Watch
from yolopatch.wire.python.packages import OF_POST, how_to_get, module_not_found
from yolopatch.wire.statuses import FAIL, SKIP
from yolopatch.wire.tasks import VERIFY
from yolopatch.wire.verification import CheckBegun, CheckEnded, RunsWith, VerifyRequest

_LESS_MEMORY = "try a smaller --scale or --imgsz, or free some memory; and check how much memory the module allocates"
START = 300  # seconds, at least, until the first check begins: importing torch from a cold disk is slow


@dataclass(frozen=True)
class Outcome:
    """The result of one check; `evidence` is what it measured."""

    id: str
    status: str
    summary: str
    evidence: Mapping[str, object]
    hint: str
    seconds: float


@dataclass(frozen=True)
class Answers:
    """The results of all checks.

    Attributes:
        outcomes: one for each check, in the requested order; before them, those that say why others could not run.
        facts: figures of the model and its base.
        environment: versions and the device.
    """

    outcomes: tuple[Outcome, ...]
    facts: Mapping[str, object]
    environment: Mapping[str, object]


def run_checks(request: VerifyRequest, checks: Sequence[str], *, python: str, timeout: float, watch: Watch) -> Answers:
    """Run these checks in a child process and return their results.

    If the child crashes, hangs or is killed in a check, that check fails, and a new child runs the other checks.

    Args:
        request: the model to check; the checks and the folder are added here.
        checks: the ids of the checks, in the order to run.
        python: the interpreter with upstream's requirements.
        timeout: how many seconds one check may take.
        watch: called when a check begins.

    Raises:
        YolopatchError: no check could run, and the cause is not the model's code.
    """
    session = _Session(request, tuple(checks), python, timeout, watch)
    with temporary_folder() as folder:
        session.run(folder)
    outcomes = tuple(session.outcomes[check] for check in session.checks)
    return Answers(outcomes, session.facts, session.environment)


@dataclass
class _Session:
    request: VerifyRequest
    checks: tuple[str, ...]
    python: str
    timeout: float
    watch: Watch
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, object] = field(default_factory=dict)
    crashed: list[str] = field(default_factory=list)
    current: str | None = None  # the running check
    begun: float = 0.0  # when it began, or when the check before it ended
    mark: int = 0  # how many bytes the child had printed when the check began

    @property
    def remaining(self) -> list[str]:
        return [check for check in self.checks if check not in self.outcomes]

    def run(self, folder: Path) -> None:
        number = 0
        while self.remaining:  # each child either answers a check or fails one
            number += 1
            own_folder = folder / str(number)
            own_folder.mkdir()
            self.current, self.begun, self.mark = None, time.monotonic(), 0
            request = replace(
                self.request, folder=str(own_folder), checks=tuple(self.remaining), crashed=tuple(self.crashed)
            )
            with Process(VERIFY, request, isolated_launch(self.python, own_folder), own_folder) as process:
                ended = listen(
                    process,
                    partial(self._take, process),
                    patience=lambda: self.timeout if self.current else max(self.timeout, START),
                    enough=lambda: not self.remaining,
                )
                if ended:
                    self._record(ended, tuple(process.last_output(self.mark)))

    def _take(self, process: Process, message: object) -> None:
        if isinstance(message, RunsWith):
            self.environment = asdict(message)
        elif isinstance(message, CheckBegun):
            if message.id not in self.checks:
                self.checks = (message.id, *self.checks)
            self.current, self.begun, self.mark = message.id, time.monotonic(), process.seen
            self.watch(self.current, self.checks.index(self.current) + 1, len(self.checks))
        elif isinstance(message, CheckEnded):
            self.outcomes[message.id] = Outcome(
                message.id, message.status, message.summary, message.evidence, message.hint, message.seconds
            )
            self._add_facts(message.facts)
            self.current, self.begun = None, time.monotonic()

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        """Add facts to the facts of earlier children."""
        for name, value in facts.items():
            known = self.facts.get(name)
            self.facts[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value

    def _record(self, ended: Ended, lines: tuple[str, ...]) -> None:
        """Record the end of a child as the result of the running check, or of the import of upstream."""
        if not self.environment and not self.crashed:
            self._record_start(ended, lines)
            return
        check = self.current or self.remaining[0]
        where = " in this check" if self.current else " before this check"
        self.outcomes[check] = self._crash(check, f"the process {_how_it_ended(ended, where)}", lines, _hint(ended))
        self.crashed.append(check)

    def _record_start(self, ended: Ended, lines: tuple[str, ...]) -> None:
        workspace = Path(self.request.workspace)
        if not blames_workspace(lines, workspace):
            raise _not_started(ended, lines, self.python, workspace)
        hint = _import_hint(lines, faulty_line(lines, workspace)) or _hint(ended)
        first = "build" if "build" in self.checks else self.checks[0]
        summary = f"upstream cannot be imported from the workspace: {lines[-1].strip()}"
        self.outcomes[first] = self._crash(first, summary, lines, hint)
        for check in self.remaining:
            why = f"upstream cannot be imported from the workspace (see {first})"
            self.outcomes[check] = Outcome(check, SKIP, why, {}, "", 0.0)

    def _crash(self, check: str, summary: str, lines: tuple[str, ...], hint: str) -> Outcome:
        seconds = round(time.monotonic() - self.begun, 3)
        return Outcome(check, FAIL, summary, {"output": list(lines)}, hint, seconds)


def _how_it_ended(ended: Ended, where: str) -> str:
    """Return a text that says how a process ended; `where` is " in this check" or the like, or ""."""
    if ended.why == TOO_LONG:
        return f"did not end{where} in {ended.limit:g} s and was stopped"
    if ended.why == TOO_MUCH:
        return f"printed more than {ended.limit:g} MB{where} and was stopped"
    if ended.why == TOO_LARGE:
        return f"held more than {ended.limit:.1f} GB of memory{where} and was stopped"
    if ended.code >= 0:
        return f"ended{where} with {ended.in_words}"
    if ended.was_killed:
        return f"was killed{where} (signal 9): out of memory?"
    return f"ended{where} with signal {-ended.code} ({ended.signal_name})"


def _hint(ended: Ended) -> str:
    """Return what the user can do about it."""
    if ended.why == TOO_LONG:
        longer = f"--timeout {ended.limit * 2:g}"
        return f"look for an endless loop at the line in the evidence, or allow more time: {longer}"
    if ended.why == TOO_MUCH:
        return "remove the print calls from the model"
    if ended.why == TOO_LARGE:
        return _LESS_MEMORY
    if ended.code >= 0:
        return "the model's code must not end the process: fix it"
    if ended.was_killed:
        return _LESS_MEMORY
    return "the evidence shows the line that was running: fix it"


def _import_hint(lines: Sequence[str], where: str | None) -> str:
    """Return what to do about an import that failed in the workspace; "" where its code crashed the process.

    Args:
        lines: the last lines that the process printed.
        where: the line of the workspace that failed, None where it is not known.
    """
    error = lines[-1]
    at = f" at {where}" if where else ""
    if "No module named" in error:
        return f"the import{at} names a file that is not in this checkout: add the file there, or remove the import"
    if "partially initialized module" in error:
        return (
            f"two files import each other: import{at} from the file that defines the name, or inside the function that "
            "needs it"
        )
    return f"fix the error{at}" if where and "Error" in error else ""


def _not_started(ended: Ended, lines: tuple[str, ...], python: str, workspace: Path) -> YolopatchError:
    lacks = next(filter(None, map(module_not_found, lines)), "")
    line = faulty_line(lines, workspace)
    of_post = line is not None and Path(line).name.startswith(OF_POST)
    hint = how_to_get(lacks, python) if of_post else requirements_hint(python)
    return YolopatchError(
        f"no check could run: {python} {_how_it_ended(ended, '')}",
        details=lines[-8:],
        hint=hint if lacks else "the lines above come from the interpreter",
    )
