"""Odd homes: however a user's machine is set up, a command gives what it gives elsewhere, or says why it cannot."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from commands import LIGHT
from lab import Lab, Sandbox
from odd_homes import ABROAD, CONFIGURED
from recovering import Reference, references
from results import names, result
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences

_LATER = ("--object-format", "--initial-branch", "--ref-format", "--write-fetch-head", "--end-of-options")


@dataclass(frozen=True)
class Home:
    """Where and how a user works.

    Attributes:
        name: for the reader.
        variables: of the environment, None for one that is not set; SANDBOX stands for the case's folder.
        plan: for the command's process.
        place: the folder in which the sandbox lies, from the lab's.
        make: makes what the variables name.
        refuses: whether a command may say that it cannot work there; then it must have changed nothing.
    """

    name: str
    variables: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    plan: Mapping[str, object] = field(default_factory=dict, hash=False)
    place: str = ""
    make: Callable[[Sandbox], object] = lambda sandbox: None
    refuses: bool = False


def _configured(sandbox: Sandbox) -> None:
    (sandbox.path / "home" / "gitconfig").write_text(CONFIGURED)


def _old_git(sandbox: Sandbox) -> None:
    """A git that knows no option of later versions than 2.25."""
    commands = sandbox.path / "home" / "bin"
    commands.mkdir()
    refused = "|".join(f"*{option}*" for option in _LATER)
    script = f'#!/bin/sh\ncase "$*" in {refused}) exit 129;; esac\nexec "{shutil.which("git")}" "$@"\n'
    (commands / "git").write_text(script)
    (commands / "git").chmod(0o755)


HOMES = (
    # what names no folder of its own would go to the home that the system knows: pip's cache
    Home("no HOME", {"HOME": None, "PIP_NO_CACHE_DIR": "1"}),
    Home("a HOME that cannot be written", {"HOME": "/proc/1", "TMPDIR": "/no/such/folder"}),
    Home("umask 077", plan={"umask": 0o077}),
    Home("spaces and Chinese characters", place="毕业设计/my own 'work' & $HOME"),
    Home("a path of 600 characters", place="/".join(["folder" * 10] * 8 + ["n" * 100])),
    Home("bytes that are no text", place="\udcff\udcfe"),
    Home("a git that is configured otherwise", {"GIT_CONFIG_GLOBAL": "SANDBOX/home/gitconfig"}, make=_configured),
    Home("another time zone and the locale C", ABROAD),
    Home("no git", {"PATH": "/no/such/folder"}, refuses=True),
    Home("git 2.25", {"PATH": f"SANDBOX/home/bin:{os.environ.get('PATH', '')}"}, make=_old_git),
    Home("a TMPDIR where nothing may be run", plan={"noexec": "SANDBOX/tmp"}),
    Home("a file system without locks", plan={"locks": False}, refuses=True),
)


@dataclass(frozen=True)
class Case:
    """A command in a home."""

    reference: Reference
    home: Home

    def __str__(self) -> str:
        return f"{self.reference.command.name}, {self.home.name}"


def platforms(lab: Lab, tally: Tally) -> None:
    """Run every command that writes and builds no model in every home."""
    chosen = LIGHT if tally.budget.most is None else LIGHT[:2]
    made = references(lab, chosen, tally.budget.case)
    cases = [Case(reference, home) for reference in made for home in HOMES]
    tally.each(cases, lambda case: _try(lab, case))


def _try(lab: Lab, case: Case) -> None:
    command, home = case.reference.command, case.home
    with lab.sandbox(case.reference.template, home.place) as sandbox:
        home.make(sandbox)
        before = result(sandbox, command.counted)
        plan = {key: _here(value, sandbox) for key, value in home.plan.items()}
        # pip takes the folder of the command's own for several where its path has a space
        links = {name: lab.wheels().as_uri() for name in command.variables if name == "PIP_FIND_LINKS"}
        variables = {**command.variables, **links, **home.variables}
        ended = sandbox.run(command.words, {**plan, "memory": command.memory}, **variables)
        check_ended_well(ended, (0, 1) if home.refuses else (0,))
        check_none_runs(sandbox)
        found = result(sandbox, command.counted)
        # a file that holds its folder's path is as long as that: that it is there counts
        found |= dict.fromkeys(found.keys() & set(command.tells_place), "there")
        wanted = {**case.reference.after, **dict.fromkeys(command.tells_place, "there")}
        changed = differences(before if ended.code else wanted, found)
        if changed:
            raise Died(f"it ended with {ended.code}, and this differs: {changed[:6]}\n{ended.err}", sandbox.path)
        left = [name for name in names(sandbox) if name.startswith("tmp/")]
        if left:
            raise Died(f"left behind: {left[:6]}\n{ended.err}", sandbox.path)


def _here(value: object, sandbox: Sandbox) -> object:
    return value.replace("SANDBOX", str(sandbox.path)) if isinstance(value, str) else value
