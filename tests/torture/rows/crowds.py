"""Many at once: sixteen processes on one workspace, on many, and with two caches on one workspace."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from commands import must
from lab import PIN, Ended, Lab, Sandbox, finish
from results import git, names, result
from tally import Died, Tally
from watching import check_ended_well, check_none_runs

_MANY = 16
_MODULES = ("DSConv", "RefConv", "SPConv", "DynamicConv")
_ROUNDS = 12


@dataclass(frozen=True)
class Round:
    """One round, and its number."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}, round {self.number}"


def crowds(lab: Lab, tally: Tally) -> None:
    """Sixteen at once, on one workspace and on many."""
    kinds = {
        "one workspace": _one_workspace,
        "many workspaces, nothing in the cache": _many_workspaces,
        "all commands": _mixed,
    }
    _rounds(lab, tally, kinds)


def two_caches(lab: Lab, tally: Tally) -> None:
    """Two users with caches of their own change one workspace at once."""
    _rounds(lab, tally, {"two caches": _two_caches})


def _rounds(lab: Lab, tally: Tally, kinds: dict[str, Callable[[Sandbox, random.Random], None]]) -> None:
    most = tally.budget.most or _ROUNDS
    cases = [Round(name, number) for name in kinds for number in range(most)]

    def attempt(one: Round) -> None:
        with lab.sandbox() as sandbox:
            kinds[one.name](sandbox, random.Random(f"{tally.budget.seed} {one}"))
            check_none_runs(sandbox)

    tally.each(cases, attempt)


def _apply(*modules: str, dest: str = "w") -> tuple[str, ...]:
    return ("apply", "--repo", PIN, *(word for one in modules for word in ("--module", one)), "--dest", dest, "--json")


def _at_once(sandbox: Sandbox, calls: Sequence[tuple[Sequence[str], dict[str, str]]]) -> list[Ended]:
    started = [sandbox.start(words, **variables) for words, variables in calls]
    return [finish(process, words) for process, (words, _) in zip(started, calls)]


def _one_workspace(sandbox: Sandbox, chance: random.Random) -> None:
    wanted = must(sandbox, *_apply(*_MODULES, dest="alone"))
    calls = [(_apply(chance.choice(_MODULES)), {}) for _ in range(_MANY - len(_MODULES))]
    calls += [(_apply(module), {}) for module in _MODULES]
    chance.shuffle(calls)
    for ended in _at_once(sandbox, calls):
        check_ended_well(ended, (0,))
    _check_is(sandbox, "w", {git(sandbox.work / "alone", "rev-parse", "HEAD")}, wanted)


def _many_workspaces(sandbox: Sandbox, chance: random.Random) -> None:
    pins = sandbox.path / "cache" / "pins"
    folder = sandbox.work / "source"
    shutil.move(str(next(pins.glob(f"{PIN}-*.git"))), folder)
    git(folder, "tag", "v8.3.0", "refs/heads/pristine")
    address = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{folder}.insteadOf"}
    address["GIT_CONFIG_VALUE_0"] = "https://github.com/ultralytics/ultralytics"
    calls = [((*_apply("DSConv", dest=f"w{number}"), "--source", "git"), address) for number in range(_MANY)]
    commits = set()
    for ended in _at_once(sandbox, calls):
        check_ended_well(ended, (0,))
        commits.add(ended.json["commit"])
    if len(commits) != 1:
        raise Died(f"the same command made several commits: {sorted(commits)}")
    _check_no_litter(sandbox)


def _mixed(sandbox: Sandbox, chance: random.Random) -> None:
    must(sandbox, *_apply("DSConv", "RefConv"))
    calls = [(chance.choice(_commands(chance)), {}) for _ in range(_MANY)]
    for ended in _at_once(sandbox, calls):
        check_ended_well(ended, (0, 1))
    _check_is(sandbox, "w", _possible(sandbox), "")


def _commands(chance: random.Random) -> list[tuple[str, ...]]:
    module = chance.choice(_MODULES)
    return [
        *(_apply(module), ("remove", "w", "--module", module), ("status", "w"), ("diff", "w")),
        ("render-cfg", "--module", module, "--out", "cfg"),
    ]


def _two_caches(sandbox: Sandbox, chance: random.Random) -> None:
    shutil.copytree(sandbox.path / "cache", sandbox.path / "cache-of-another")
    must(sandbox, *_apply("DSConv"))
    another = {"YOLOPATCH_CACHE": "SANDBOX/cache-of-another"}
    calls = []
    for number in range(6):
        module = chance.choice(_MODULES)
        words = _apply(module) if chance.random() < 0.7 else ("remove", "w", "--module", module)
        calls.append((words, another if number % 2 else {}))
    for ended in _at_once(sandbox, calls):
        check_ended_well(ended, (0, 1))
    _check_is(sandbox, "w", _possible(sandbox), "")


def _possible(sandbox: Sandbox) -> set[str]:
    """Return the commit that the modules in the workspace have when they are applied alone."""
    held = [one["name"] for one in sandbox.run(("status", "w", "--json")).json["modules"]]
    if not held:
        return {git(sandbox.work / "w", "rev-list", "--max-parents=0", "HEAD")}
    must(sandbox, *_apply(*held, dest="alone"))
    return {git(sandbox.work / "alone", "rev-parse", "HEAD")}


def _check_is(sandbox: Sandbox, name: str, commits: set[str], what: str) -> None:
    found = result(sandbox)
    commit, status, fsck = (found[f"work/{name}: {fact}"] for fact in ("commit", "status", "fsck"))
    if commit not in commits or len(status.splitlines()) != 1 or fsck:
        raise Died(f"the workspace is {commit}, expected {commits}\n{status}\n{fsck}\n{what}", Path(sandbox.path))
    _check_no_litter(sandbox)


def _check_no_litter(sandbox: Sandbox) -> None:
    left = [n for n in names(sandbox) if n.endswith((".yolopatch-new", "index.lock")) or n.startswith("tmp/yolopatch-")]
    if left:
        raise Died(f"left behind: {left[:6]}", sandbox.path)
