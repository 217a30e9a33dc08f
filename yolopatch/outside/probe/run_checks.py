"""Run the checks of `verify` in a process, and go on with a new one where the model's code ends it."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.probe.launch import isolated_launch
from yolopatch.outside.probe.listen import TOO_LONG, TOO_MUCH, Ended, listen
from yolopatch.outside.probe.process import Process
from yolopatch.outside.watch import Watch
from yolopatch.wire.statuses import FAIL, SKIP
from yolopatch.wire.tasks import VERIFY
from yolopatch.wire.verification import CheckBegun, CheckEnded, RunsWith, VerifyRequest

START = 300  # seconds at least until the first check begins: a cold disk takes its time to import torch


@dataclass(frozen=True)
class Outcome:
    """What one check found; `evidence` is what it measured."""

    id: str
    status: str
    summary: str
    evidence: Mapping[str, object]
    hint: str
    seconds: float


@dataclass(frozen=True)
class Answers:
    """What the probe said.

    Attributes:
        outcomes: one for each check, in the order that was asked for.
        facts: figures of the model and its base.
        environment: versions and the device.
    """

    outcomes: tuple[Outcome, ...]
    facts: Mapping[str, object]
    environment: Mapping[str, object]


def run_checks(request: VerifyRequest, checks: Sequence[str], *, python: str, timeout: float, watch: Watch) -> Answers:
    """Run these checks in a child process and return what they found.

    A child that crashes, hangs or is killed in a check fails that check; a new one runs the others.

    Args:
        request: what is checked; the checks and the folder are added here.
        checks: their ids, in the order to run.
        python: the interpreter with upstream's requirements.
        timeout: seconds that one check may take.
        watch: takes each check that begins.

    Raises:
        YolopatchError: no child could run anything, and the model's code is not to blame.
    """
    session = _Session(request, tuple(checks), python, timeout, watch)
    # what a killed child started may still write there for a moment
    with tempfile.TemporaryDirectory(prefix="yolopatch-verify-", ignore_cleanup_errors=True) as folder:
        session.run(Path(folder))
    outcomes = tuple(session.outcomes[check] for check in checks)
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
    current: str | None = None  # the check that runs
    begun: float = 0.0  # when it began, or the last one ended
    mark: int = 0  # how much the child had printed when the check began

    @property
    def remaining(self) -> list[str]:
        return [check for check in self.checks if check not in self.outcomes]

    def run(self, folder: Path) -> None:
        number = 0
        while self.remaining:  # each child answers one check at least, or is blamed on one
            number += 1
            place = folder / str(number)
            place.mkdir()
            self.current, self.begun, self.mark = None, time.monotonic(), 0
            request = replace(
                self.request, folder=str(place), checks=tuple(self.remaining), crashed=tuple(self.crashed)
            )
            with Process(VERIFY, request, isolated_launch(self.python, place), place) as process:
                ended = listen(
                    process,
                    partial(self._take, process),
                    patience=lambda: self.timeout if self.current else max(self.timeout, START),
                    enough=lambda: not self.remaining,
                )
                if ended:
                    self._record(ended, tuple(process.last_words(self.mark)))

    def _take(self, process: Process, message: object) -> None:
        if isinstance(message, RunsWith):
            self.environment = asdict(message)
        elif isinstance(message, CheckBegun):
            self.current, self.begun, self.mark = message.id, time.monotonic(), process.seen
            self.watch(self.current, self.checks.index(self.current) + 1, len(self.checks))
        elif isinstance(message, CheckEnded):
            self.outcomes[message.id] = Outcome(
                message.id, message.status, message.summary, message.evidence, message.hint, message.seconds
            )
            self._learn(message.facts)
            self.current, self.begun = None, time.monotonic()

    def _learn(self, facts: Mapping[str, Any]) -> None:
        """Add facts to those of an earlier child."""
        for name, value in facts.items():
            known = self.facts.get(name)
            self.facts[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value

    def _record(self, ended: Ended, lines: tuple[str, ...]) -> None:
        """Put the end of a child down to the check that ran, or to what it could not even import."""
        if not self.environment and not self.crashed:
            self._record_start(ended, lines)
            return
        check = self.current or self.remaining[0]
        where = "in this check" if self.current else "before this check"
        self.outcomes[check] = self._crash(check, f"the process {_how_it_ended(ended, where)}", ended, lines)
        self.crashed.append(check)

    def _record_start(self, ended: Ended, lines: tuple[str, ...]) -> None:
        if not blames_workspace(lines, Path(self.request.workspace)):
            raise _not_started(ended, lines, self.python)
        first = "build" if "build" in self.checks else self.checks[0]
        summary = f"upstream cannot be imported from the workspace: {lines[-1].strip()}"
        self.outcomes[first] = self._crash(first, summary, ended, lines)
        for check in self.remaining:
            why = f"upstream cannot be imported from the workspace (see {first})"
            self.outcomes[check] = Outcome(check, SKIP, why, {}, "", 0.0)

    def _crash(self, check: str, summary: str, ended: Ended, lines: tuple[str, ...]) -> Outcome:
        seconds = round(time.monotonic() - self.begun, 3)
        return Outcome(check, FAIL, summary, {"output": list(lines)}, _hint(ended), seconds)


def _how_it_ended(ended: Ended, where: str) -> str:
    """Return how a process ended, in words, with the place; "" for none."""
    return " ".join(_ending(ended).format(where=where).split())


def _ending(ended: Ended) -> str:
    if ended.why == TOO_LONG:
        return f"did not end {{where}} in {ended.limit:g} s and was stopped"
    if ended.why == TOO_MUCH:
        return f"printed more than {ended.limit:g} MB {{where}} and was stopped"
    if ended.code >= 0:
        return f"ended {{where}} with exit code {ended.code}"
    if ended.was_killed:
        return "was killed {where} (signal 9): out of memory?"
    return f"ended {{where}} with signal {-ended.code} ({ended.signal_name})"


def _hint(ended: Ended) -> str:
    """Return what to do about it."""
    if ended.why == TOO_LONG:
        longer = f"--timeout {ended.limit * 2:g}"
        return f"look for a loop where the evidence says it was, or give it longer: {longer}"
    if ended.why == TOO_MUCH:
        return "remove the printing from the model"
    if ended.code >= 0:
        return "the model's code must not end the process: fix it"
    if ended.was_killed:
        return "try a smaller --scale or --imgsz, or free some memory; and look at how much the module allocates"
    return "the evidence says which line was running: fix it"


def blames_workspace(lines: Sequence[str], workspace: Path) -> bool:
    """Tell whether the last words of a process that could not import upstream are about the workspace's own code.

    Args:
        lines: a traceback's end, or what Python says of a crash.
        workspace: the folder whose upstream was imported.
    """
    missing = next((m[1] for line in lines if (m := re.search(r"No module named '([^'.]+)", line))), None)
    if missing is not None:
        return any((workspace / name).exists() for name in (missing, f"{missing}.py"))
    files = [m[1] for line in lines if (m := re.match(r'\s*File "([^"]+)", line \d+', line))]
    files = [file for file in files if not _is_pythons_own(file)]
    if not files:
        return False
    innermost = files[0] if lines[0].startswith("Fatal Python error:") else files[-1]
    # a virtual environment may lie in the workspace
    return Path(innermost).resolve().is_relative_to(workspace.resolve()) and not _is_installed(innermost)


def _is_installed(file: str) -> bool:
    return "site-packages" in file or "dist-packages" in file


def _is_pythons_own(file: str) -> bool:
    """Tell whether it is of Python's own library, which fails for those that call it."""
    return file.startswith("<") or ("/lib/python3" in file and not _is_installed(file))


def _not_started(ended: Ended, lines: tuple[str, ...], python: str) -> YolopatchError:
    lacks = any("No module named" in line for line in lines)
    return YolopatchError(
        f"no check could run: {python} {_how_it_ended(ended, '')}",
        details=lines[-8:],
        hint=requirements_hint(python) if lacks else "the lines above are the interpreter's own",
    )
