"""Build the model of a YAML from the tree of a fork in a child process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.blame import faulty_line
from yolopatch.outside.probe.launch import sealed_launch
from yolopatch.outside.probe.listen import TOO_LARGE as HELD_TOO_MUCH
from yolopatch.outside.probe.listen import TOO_LONG as TOOK_TOO_LONG
from yolopatch.outside.probe.listen import TOO_MUCH as PRINTED_TOO_MUCH
from yolopatch.outside.probe.run import Failed, check_origin, run_task
from yolopatch.wire import shell
from yolopatch.wire.fork.models import (
    CRASH,
    EXTENSION,
    PACKAGE,
    TOO_LARGE,
    TOO_LONG,
    TOO_MUCH,
    Absent,
    Built,
    ForkModelRequest,
    Unbuilt,
)
from yolopatch.wire.messages import UpstreamOpened
from yolopatch.wire.python.packages import PACKAGE_OF, how_to_install, is_compiled
from yolopatch.wire.tasks import FORK_MODEL

PATIENCE = 300  # seconds for the import of a tree, and for each step of its model


def ask_model(request: ForkModelRequest, *, python: str, patience: float = PATIENCE) -> Built | Unbuilt:
    """Build and run the model of a YAML from a tree, away from the user's files.

    Args:
        request: the tree and the YAML.
        python: the interpreter with upstream's requirements.
        patience: after how many seconds without a new step the child is ended.

    Raises:
        YolopatchError: the interpreter does not start, has no torch, or imported another upstream than the tree's.
    """
    heard: list[Built | Unbuilt] = []

    def take(message: object) -> None:
        if isinstance(message, UpstreamOpened):
            check_origin(message.file, Path(request.tree))
        elif isinstance(message, (Built, Unbuilt)):
            heard.append(message)

    with temporary_folder() as folder:
        failed = run_task(
            FORK_MODEL,
            request,
            sealed_launch(python, folder),
            folder,
            take,
            patience=patience,
            answered=lambda: bool(heard),
        )
        if failed and not heard:
            return _ended(failed, Path(request.tree), python)
    return known(heard[0], python)


def known(answer: Built | Unbuilt, python: str) -> Built | Unbuilt:
    """Add what pip installs for what is missing, and what has to be compiled."""
    absent = tuple(map(_known_package, answer.absent))
    if isinstance(answer, Built) or answer.reason != PACKAGE:
        return replace(answer, absent=absent)
    return replace(
        answer, absent=absent, reason=absent[0].reason, hint=how_to_install(absent[0].name, shell.join([python]))
    )


def _known_package(absent: Absent) -> Absent:
    if absent.reason != PACKAGE:
        return absent
    reason = EXTENSION if is_compiled(absent.name) else PACKAGE
    return replace(absent, reason=reason, install=PACKAGE_OF.get(absent.name.partition(".")[0], ""))


def _ended(failed: Failed, tree: Path, python: str) -> Unbuilt:
    """Return the answer for a process that ended, or was ended, without one.

    Raises:
        YolopatchError: the interpreter has no torch.
    """
    ended, lines = failed.ended, failed.lines
    at = faulty_line(lines, tree) or ""
    where = f" at {at}" if at else ""
    last = lines[-1].strip() if lines else ""
    if ended.why == TOOK_TOO_LONG:
        why = f"it did nothing new for {ended.limit:.0f} s and was stopped{where}"
        return Unbuilt(TOO_LONG, why, "", at, "look for an endless loop, or allow more time")
    if ended.why == HELD_TOO_MUCH:
        why = f"it held more than {ended.limit:.1f} GB of memory and was stopped{where}"
        return Unbuilt(TOO_LARGE, why, "", at, "end other programs, or try a smaller --scale")
    if ended.why == PRINTED_TOO_MUCH:
        return Unbuilt(TOO_MUCH, f"it printed more than {ended.limit:.0f} MB and was stopped{where}", "", at, "")
    if not at and "No module named 'torch'" in last:
        raise YolopatchError(f"{python} has no torch", details=[last], hint=requirements_hint(python))
    if ended.code < 0:
        how = f"was killed by signal {-ended.code} ({ended.signal_name})"
        memory = ": out of memory?" if ended.was_killed else ""
        return Unbuilt(CRASH, f"its process {how}{memory}{where}", last, at, "")
    return Unbuilt(CRASH, f"its process ended with {ended.in_words} before the model was built{where}", last, at, "")
