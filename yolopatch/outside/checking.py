"""Run the checks of `verify` in a process, and go on with a new one where the model's code ends it."""

from __future__ import annotations

import re
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yolopatch.core.checks import FAIL, SKIP
from yolopatch.errors import YolopatchError
from yolopatch.outside.child import Child
from yolopatch.outside.probe import requirements_hint

START = 300  # seconds at least until the first check begins: a cold disk takes its time to import torch
_PAUSE = 0.05  # seconds between two looks at a child
_MOST_OUTPUT = 256 * 2**20  # bytes; a model that prints in a loop must not fill the disk

Watch = Callable[[str, int, int], None]
"""Told of each check that begins: its id, its number from 1, and how many there are."""


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


@dataclass(frozen=True)
class _End:
    """How a child ended before it had answered everything: in words, what to do, and its last lines.

    `what` has a place for `{where}`.
    """

    what: str
    hint: str
    lines: tuple[str, ...]

    def said(self, where: str) -> str:
        """Return how it ended, with the place."""
        return " ".join(self.what.format(where=where).split())


def run_checks(
    request: Mapping[str, object], checks: Sequence[str], *, python: str, timeout: float, watch: Watch
) -> Answers:
    """Run these checks in a child process and return what they found.

    A child that crashes, hangs or is killed in a check fails that check; a new one runs the others.

    Args:
        request: what the probe's task `verify` takes, apart from what is added here.
        checks: their ids, in the order to run.
        python: the interpreter with upstream's requirements.
        timeout: seconds that one check may take.
        watch: told of each check that begins.

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
    request: Mapping[str, object]
    checks: tuple[str, ...]
    python: str
    timeout: float
    watch: Watch
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    environment: dict[str, object] = field(default_factory=dict)
    crashed: list[str] = field(default_factory=list)
    current: str | None = None  # the check that runs
    begun: float = 0.0  # when it began
    printed: int = 0  # how much the child had printed when it was last looked at
    mark: int = 0  # how much it had printed when the check began

    @property
    def remaining(self) -> list[str]:
        return [check for check in self.checks if check not in self.outcomes]

    def run(self, folder: Path) -> None:
        number = 0
        while self.remaining:  # each child answers one check at least, or is blamed on one
            number += 1
            place = folder / str(number)
            place.mkdir()
            self.current, self.begun, self.printed, self.mark = None, time.monotonic(), 0, 0
            request = {**self.request, "task": "verify", "checks": self.remaining, "crashed": self.crashed}
            with Child(request, place, self.python) as child:
                end = self._follow(child)
            if end:
                self._record(end)

    def _follow(self, child: Child) -> _End | None:
        """Listen to a child until it has answered everything; else return how it ended."""
        while True:
            code = child.exit_code()  # first: what it wrote before it ended is read then
            printed = child.printed()
            for event in child.new_events():
                self._take(event)
            if not self.remaining:
                return None
            if code is not None:
                return _End(*_how_it_ended(code), tuple(child.last_words(self.mark)))
            overdue = self._overdue(child)
            if overdue:
                child.stop()
                return _End(*overdue, tuple(child.last_words(self.mark)))
            self.printed = printed
            time.sleep(_PAUSE)

    def _take(self, event: Mapping) -> None:
        if "environment" in event:
            self.environment = event["environment"]
        elif "start" in event:
            self.current, self.begun, self.mark = event["start"], time.monotonic(), self.printed
            self.watch(self.current, self.checks.index(self.current) + 1, len(self.checks))
        else:
            told = {key: event[key] for key in ("status", "summary", "evidence", "hint", "seconds")}
            self.outcomes[event["done"]] = Outcome(event["done"], **told)
            self._learn(event["facts"])
            self.current, self.begun = None, time.monotonic()

    def _learn(self, facts: Mapping) -> None:
        """Add facts to those of an earlier child."""
        for name, value in facts.items():
            known = self.facts.get(name)
            both = isinstance(known, dict) and isinstance(value, dict)
            self.facts[name] = {**known, **value} if both else value

    def _overdue(self, child: Child) -> tuple[str, str] | None:
        """Tell why a child must not go on, and what to do about it."""
        limit = self.timeout if self.current else max(self.timeout, START)
        if time.monotonic() - self.begun > limit:
            return (
                f"did not end {{where}} in {limit:g} s and was stopped",
                f"look for a loop where the evidence says it was, or give it longer: --timeout {limit * 2:g}",
            )
        if child.printed() > _MOST_OUTPUT:
            return (
                f"printed more than {_MOST_OUTPUT >> 20} MB {{where}} and was stopped",
                "take the printing out of the model",
            )
        return None

    def _record(self, end: _End) -> None:
        """Put the end of a child down to the check that ran, or to what it could not even import."""
        if not self.environment and not self.crashed:
            self._record_start(end)
            return
        check = self.current or self.remaining[0]
        where = "in this check" if self.current else "before this check"
        self.outcomes[check] = self._crash(check, f"the process {end.said(where)}", end)
        self.crashed.append(check)

    def _record_start(self, end: _End) -> None:
        if not blames(end.lines, Path(str(self.request["workspace"]))):
            raise _not_started(end, self.python)
        first = "build" if "build" in self.checks else self.checks[0]
        summary = f"upstream cannot be imported from the workspace: {end.lines[-1].strip()}"
        self.outcomes[first] = self._crash(first, summary, end)
        for check in self.remaining:
            why = f"upstream cannot be imported from the workspace (see {first})"
            self.outcomes[check] = Outcome(check, SKIP, why, {}, "", 0.0)

    def _crash(self, check: str, summary: str, end: _End) -> Outcome:
        seconds = round(time.monotonic() - self.begun, 3)
        return Outcome(check, FAIL, summary, {"output": list(end.lines)}, end.hint, seconds)


def _how_it_ended(code: int) -> tuple[str, str]:
    """Return an exit code in words, and what to do."""
    if code >= 0:
        return f"ended {{where}} with exit code {code}", "the model's code must not end the process: mend it"
    if code == -signal.SIGKILL:
        return (
            "was killed {where} (signal 9): out of memory?",
            "try a smaller --scale or --imgsz, or free some memory; and look at how much the module allocates",
        )
    name = _signal_name(-code)
    return f"ended {{where}} with signal {-code} ({name})", "the evidence says which line was running: mend it"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return "unknown"


def blames(lines: Sequence[str], workspace: Path) -> bool:
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


def _not_started(end: _End, python: str) -> YolopatchError:
    lacks = any("No module named" in line for line in end.lines)
    return YolopatchError(
        f"no check could run: {python} {end.said('')}",
        details=end.lines[-8:],
        hint=requirements_hint(python) if lacks else "the lines above are the interpreter's own",
    )
