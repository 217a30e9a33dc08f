"""What users do, one thing after another: commands of yolopatch, edits, commits and branches, in any order.

The invariants are the design's: the same set gives the same commit, a refusal changes nothing, no byte of the user's is
lost, and the workspace is a sound repository after every step.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from lab import PIN, Ended, Lab, Sandbox
from results import git
from tally import Died, Tally
from watching import check_ended_well, check_none_runs

_MODULES = ("DSConv", "RefConv", "SPConv")
_FLAVORS = ("paper", "tutorial")
_UPSTREAM = ("ultralytics/nn/tasks.py", "ultralytics/utils/fork.py", "README.md", "ultralytics/cfg/default.yaml")
_STEPS = 14
_ROUND = 3  # sequences with one seed
_OWN_FILES = ("notes.txt", "ultralytics/nn/mine.py", "a b/ü.txt", "ultralytics/nn/modules/dsconv.py")


@dataclass
class World:
    """What all sequences share: the lab, the count, and the commit of each set of modules."""

    lab: Lab
    tally: Tally
    commits: dict[frozenset[tuple[str, str]], str] = field(default_factory=dict)
    played: int = 0

    def commit_of(self, modules: frozenset[tuple[str, str]]) -> str:
        """Return the commit that a new workspace with these modules has."""
        if modules not in self.commits:
            with self.lab.sandbox() as sandbox:
                for name, flavor in sorted(modules):
                    words = ("apply", "--repo", PIN, "--module", name, "--flavor", flavor, "--dest", "w")
                    check_ended_well(sandbox.run(words), (0,))
                self.commits[modules] = git(sandbox.work / "w", "rev-parse", "HEAD").strip()
        return self.commits[modules]


class Users(RuleBasedStateMachine):
    """One workspace and its user."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self._open = contextlib.ExitStack()
        self.sandbox: Sandbox = self._open.enter_context(self.world.lab.sandbox())
        self.said: list[str] = []
        self.written: dict[str, bytes] = {}  # what the user has written and not yet thrown away, by path
        self.marks: list[bytes] = []  # in committed work
        self.number = 0

    @property
    def _w(self) -> Path:
        return self.sandbox.work / "w"

    def teardown(self) -> None:
        """Check what only the end shows."""
        try:
            check_none_runs(self.sandbox)
            fsck = git(self._w, "fsck", "--no-dangling", code=None)
            if fsck:
                raise self._died(f"the repository is damaged: {fsck}")
        finally:
            self._open.close()
            self.world.played += 1

    def _died(self, what: str) -> Died:
        return Died("\n".join((what, *self.said)), self.sandbox.work)

    def _ours(self, *words: str, codes: tuple[int, ...] = (0, 1, 2, 3)) -> Ended:
        before = self._state()
        ended = self.sandbox.run(words)
        self.said.append(f"yolopatch {' '.join(words)}  -> {ended.code}")
        try:
            check_ended_well(ended, codes)
        except Died as died:
            raise self._died(str(died)) from died
        if ended.code and self._state() != before:
            raise self._died(f"it ended with {ended.code}, and the workspace differs\n{ended.err}")
        return ended

    def _state(self) -> tuple[str, ...]:
        if not self._w.is_dir():
            return ()
        facts = [
            git(self._w, *words, code=None) for words in (("rev-parse", "HEAD"), ("for-each-ref",), ("stash", "list"))
        ]
        return (
            *facts,
            git(self._w, "status", "--porcelain", "--branch", "--ignored", code=None),
            git(self._w, "diff", code=None),
        )

    def _mark(self) -> str:
        self.number += 1
        return f"# line {self.number} of the user, {random.Random(self.number).random()}\n"

    # -- yolopatch's commands

    @initialize(module=st.sampled_from(_MODULES), flavor=st.sampled_from(_FLAVORS))
    def begin(self, module: str, flavor: str) -> None:
        """Make the workspace."""
        self._ours("apply", "--repo", PIN, "--module", module, "--flavor", flavor, "--dest", "w", codes=(0,))

    @rule(number=st.integers(0, 2**64 - 1))
    def act(self, number: int) -> None:
        """Do one thing. To choose it is not left to hypothesis, which likes to do the same thing again and again."""
        chance = random.Random(f"{number} {len(self.said)}")
        (chosen,) = chance.choices(list(_ACTIONS), list(_ACTIONS.values()))
        chosen(self, chance)

    def apply(self, chance: random.Random) -> None:
        """Add a module."""
        module, flavor = chance.choice(_MODULES), chance.choice(_FLAVORS)
        self._changing("apply", "--repo", PIN, "--module", module, "--flavor", flavor, "--dest", "w")

    def remove(self, chance: random.Random) -> None:
        """Remove a module."""
        self._changing("remove", "w", "--module", chance.choice(_MODULES))

    def _changing(self, *words: str) -> None:
        if self._ours(*words).code == 0:
            again = self._ours(*words) if words[0] == "apply" else None
            if again and again.code:
                raise self._died("the same command a second time failed")

    def status(self, chance: random.Random) -> None:
        """Look at it."""
        self._reading("status", "w")

    def diff(self, chance: random.Random) -> None:
        """Look at the difference."""
        self._reading("diff", "w")

    def _reading(self, *words: str) -> None:
        before = self._state()
        self._ours(*words, codes=(0, 1, 2))
        if self._state() != before:
            raise self._died("a command that only reads has changed the workspace")

    def render(self, chance: random.Random) -> None:
        """Render a YAML into the workspace."""
        module, scale = chance.choice(_MODULES), chance.choice(("n", "all"))
        self._ours("render-cfg", "--module", module, "--model", "yolo11", "--scale", scale, "--out", "w/mine")

    # -- what users do

    def edit(self, chance: random.Random) -> None:
        """Append a line to a file of upstream's."""
        place = chance.choice(_UPSTREAM)
        file = self._w / place
        if file.is_file():
            file.write_text(file.read_text() + self._mark())
            self.written[place] = file.read_bytes()
            self.said.append(f"edit {place}")

    def create(self, chance: random.Random) -> None:
        """Write a file of one's own, perhaps where a module's file would come."""
        name = chance.choice(_OWN_FILES)
        file = self._w / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._mark())
            self.written[name] = file.read_bytes()
            self.said.append(f"create {name}")

    def commit(self, chance: random.Random) -> None:
        """Commit everything, on whatever branch that is."""
        self._git("add", "--all")
        self._git("commit", "-q", "-m", "my work")
        if not git(self._w, "status", "--porcelain"):
            self.marks += self.written.values()
            self.written.clear()

    def stash(self, chance: random.Random) -> None:
        """Put edits away."""
        self._git("stash", "--include-untracked")
        if not git(self._w, "status", "--porcelain"):
            self.marks += self.written.values()
            self.written.clear()

    def branch_off(self, chance: random.Random) -> None:
        """Go to a branch of one's own, or back."""
        here = git(self._w, "branch", "--show-current").strip()
        self._git(
            "switch", *(("yolopatch",) if here == "mine" else ("-C", "mine") if not self._has("mine") else ("mine",))
        )

    def detach(self, chance: random.Random) -> None:
        """Check out a commit."""
        self._git("switch", "--detach")

    def keep_and_reset(self, chance: random.Random) -> None:
        """Do what a refusal advises: keep the commits on a branch, and take ours again."""
        ended = self._ours("apply", "--repo", PIN, "--module", "SPConv", "--dest", "w")
        for command in ended.err.split("`")[1:2] if ended.code == 3 else ():
            subprocess.run(command, shell=True, cwd=self.sandbox.work, capture_output=True)
            self.said.append(f"as advised: {command}")
            self._forget_what_git_took()

    def _forget_what_git_took(self) -> None:
        """What was stashed by the advice is still in the repository."""
        for name in [name for name, data in self.written.items() if self._on_disk(name) != data]:
            self.marks.append(self.written.pop(name))

    def _on_disk(self, name: str) -> bytes | None:
        file = self._w / name
        return file.read_bytes() if file.is_file() else None

    def _has(self, branch: str) -> bool:
        return bool(git(self._w, "branch", "--list", branch).strip())

    def _git(self, *words: str) -> None:
        git(self._w, *words, code=None)
        self.said.append(f"git {' '.join(words)}")

    # -- what always holds

    @invariant()
    def no_byte_of_the_users_is_lost(self) -> None:
        """What was written and not committed lies where it was; what was committed or stashed is in the repository."""
        lost = [name for name, data in self.written.items() if self._on_disk(name) != data]
        lost = [name for name in lost if not self._in_repository(self.written[name])]
        lost += ["a committed file" for data in self.marks[-3:] if not self._in_repository(data)]
        if lost:
            raise self._died(f"lost: {lost}")

    def _in_repository(self, data: bytes) -> bool:
        done = subprocess.run(["git", "hash-object", "--stdin"], input=data, capture_output=True, check=True)
        listed = git(self._w, "rev-list", "--all", "--reflog", "--objects", code=None)
        return done.stdout.decode().strip() in listed

    @invariant()
    def the_same_set_is_the_same_commit(self) -> None:
        """Our newest commit is that of a new workspace with the same modules."""
        if not self._w.is_dir():
            return
        ended = self.sandbox.run(("status", "w", "--json"))
        if ended.code:
            return
        told = ended.json
        modules = frozenset((one["name"], one["flavor"]) for one in told["modules"])
        if modules and told["commit"] != self.world.commit_of(modules):
            raise self._died(f"{sorted(modules)} is {told['commit']}, not {self.world.commit_of(modules)}")


# How often users do each, compared with the others.
_ACTIONS: dict[Callable[[Users, random.Random], None], int] = {
    Users.apply: 5,
    Users.remove: 2,
    Users.edit: 3,
    Users.create: 2,
    Users.commit: 3,
    Users.stash: 1,
    Users.branch_off: 1,
    Users.detach: 1,
    Users.keep_and_reset: 2,
    Users.status: 1,
    Users.diff: 1,
    Users.render: 1,
}


def sequences(lab: Lab, tally: Tally) -> None:
    """Play sequences with one seed after another until the time is over."""
    world, number = World(lab, tally), 0
    while tally.has_time() and not tally.died and (tally.budget.most is None or number < 1):
        tally.attempt(f"sequences, seed {tally.budget.seed + number}", lambda number=number: _play(world, number))
        number += 1
    tally.add(world.played - number)


def _play(world: World, number: int) -> None:
    most = world.tally.budget.most or _ROUND
    played = type("Users", (Users,), {"world": world})
    wanted = settings(
        max_examples=most,
        stateful_step_count=_STEPS if world.tally.budget.most is None else 5,
        database=None,
        deadline=None,
        # the first sequence that fails is kept as it was played: to play it shorter takes minutes
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    played = seed(world.tally.budget.seed + number)(played)
    run_state_machine_as_test(played, settings=wanted)
