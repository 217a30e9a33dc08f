"""What a command does when nothing happens to it, and whether it gets there after something did."""

from __future__ import annotations

import functools
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from commands import Command
from lab import Lab, Sandbox
from results import files, names, result
from tally import WORKERS, Died
from watching import check_ended_well, check_none_runs, differences, let_two_hours_pass

_DONE_ALREADY = (1, 2, 3)  # the codes of a next run that finds nothing left to do


@dataclass(frozen=True)
class Reference:
    """A command, where it starts, and what it does when nothing happens to it.

    Attributes:
        command: the command.
        template: the sandbox in which it starts.
        steps: what it does, one line for each step.
        before, after: what counts, as `commands.result`.
        names: everything that it leaves on the disk.
        seconds: how long it takes.
    """

    command: Command
    template: Path
    steps: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]
    names: frozenset[str]
    seconds: float

    def __hash__(self) -> int:
        return id(self)


def prepare(lab: Lab, command: Command, place: Path) -> Path:
    """Make the sandbox in which a command starts, at a new path."""
    with lab.sandbox() as sandbox:
        command.prepare(lab, sandbox)
        shutil.copytree(sandbox.path, place, symlinks=True)
    return place


def references(lab: Lab, commands: Sequence[Command], case: str) -> list[Reference]:
    """Run commands undisturbed, some at a time; where a case is one of a command, the others need not be prepared.

    Several rows harm the same commands: each is prepared once for all of them.
    """
    chosen = [command for command in commands if command.name in case] or commands
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda command: _made_once(lab, command, lab.plant), chosen))


@functools.cache
def _made_once(lab: Lab, command: Command, plant: str) -> Reference:
    folder = lab.folder / "references"
    folder.mkdir(exist_ok=True)
    # `plant` is what the lab plants: another fault is another reference
    place = Path(tempfile.mkdtemp(prefix=f"{plant}-", dir=folder)) / "template"
    return reference_of(lab, command, prepare(lab, command, place))


def reference_of(lab: Lab, command: Command, template: Path) -> Reference:
    """Run a command undisturbed, and once more to see what stays."""
    plan = {"memory": command.memory}
    with lab.sandbox(template) as sandbox:
        before, trace, begun = result(sandbox, command.counted), sandbox.path / "home" / "trace", time.monotonic()
        ended = sandbox.run(command.words, {**plan, "trace": str(trace)}, **command.variables)
        seconds = time.monotonic() - begun
        if ended.code:
            raise RuntimeError(f"{command.name} ended with {ended.code}\n{ended.err}")
        steps, after, left = tuple(trace.read_text().splitlines()), result(sandbox, command.counted), names(sandbox)
        sandbox.run(command.words, plan, **command.variables)
        return Reference(command, template, steps, before, after, frozenset(left | names(sandbox)), seconds)


def check_recovers(sandbox: Sandbox, reference: Reference, later: bool) -> None:
    """Check that the user's files are whole, and that the same command finishes now.

    Args:
        sandbox: where the command came to harm.
        reference: what it does without.
        later: two hours later: then nothing of the harmed run may be left behind either.

    Raises:
        Died: says which of these does not hold.
    """
    command, plan = reference.command, {"memory": reference.command.memory}
    check_users_files(sandbox, reference)
    complete = result(sandbox, command.counted) == reference.after
    if later:
        let_two_hours_pass(sandbox.path)
    ended = sandbox.run(command.words, plan, **command.variables)
    check_ended_well(ended)
    if ended.code and not (complete and ended.code in _DONE_ALREADY):
        raise Died(f"the next run ended with {ended.code}\n{ended.err}", sandbox.path)
    found = result(sandbox, command.counted)
    if found != reference.after:
        raise Died(f"the next run gave another result: {differences(reference.after, found)}", sandbox.path)
    check_none_runs(sandbox)
    # the file of a lock stays: whoever removed it could remove the one that another has just taken
    left = {name for name in names(sandbox) - reference.names if not f"{name}/".startswith("cache/locks/")}
    if left and later and ended.code == 0:
        raise Died(f"left behind: {sorted(left)[:8]}", sandbox.path)


def check_users_files(sandbox: Sandbox, reference: Reference) -> None:
    """Check that each file that the command does not change is what it was.

    Raises:
        Died: names those that are not.
    """
    now = files(sandbox, reference.command.counted)
    kept = {name: value for name, value in reference.before.items() if reference.after.get(name) == value}
    changed = [name for name, value in kept.items() if ": " not in name and now.get(name) != value]
    if changed:
        raise Died(f"files that are not the command's differ: {changed[:5]}", sandbox.path)
