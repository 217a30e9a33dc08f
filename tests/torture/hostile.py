"""Files from strangers in the user's folder: a command reads one, and ends in words without doing anything else."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.mutations import mutated
from lab import MEMORY, Lab
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences, state

# A file that the code in hostile files would make; an absolute path, because such code may run in any folder.
CANARY = str(Path(tempfile.gettempdir()).resolve() / f"canary-{os.getpid()}")


@dataclass(frozen=True)
class Hostile:
    """A hostile input and the command that reads it.

    Attributes:
        name: for the reader.
        words: the command's arguments; it runs in the sandbox's `work`.
        files: what is written there first, by path.
        makes: what the command may make or change where it ends with 0, below the sandbox.
        keeps: whether it may do so where it ends with an error, too: `restore` makes the workspace before it loads.
        memory: what its processes may ask for.
        codes: the exit codes that it may end with.
    """

    name: str
    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(hash=False)
    makes: tuple[str, ...] = ()
    keeps: bool = False
    memory: int = MEMORY
    codes: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __str__(self) -> str:
        return self.name


def try_all(lab: Lab, tally: Tally, cases: Sequence[Hostile], template: Path | None = None) -> None:
    """Try hostile inputs, each in a sandbox of its own."""
    tally.each(cases, lambda case: _try(lab, case, template))


def changed_forms(
    name: str, seed: int, count: int, corpus: Sequence[bytes], case: Callable[[str, bytes], Hostile]
) -> list[Hostile]:
    """Return cases with changed forms of real files."""
    give = mutated(corpus)
    return [case(f"{name} {number}", give(random.Random(f"{seed} {name} {number}"))) for number in range(count)]


def _try(lab: Lab, case: Hostile, template: Path | None) -> None:
    with lab.sandbox(template) as sandbox:
        for name, data in case.files.items():
            file = sandbox.path / name if name.startswith("catalog/") else sandbox.work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        before = state(sandbox.path, "home", "cache/locks")
        ended = sandbox.run(case.words, {"memory": case.memory})
        inputs = [sandbox.work / name for name in case.files]
        try:
            check_ended_well(ended, case.codes)
        except Died as died:
            raise Died(str(died), *inputs) from died
        check_none_runs(sandbox)
        if Path(CANARY).exists():
            Path(CANARY).unlink()
            raise Died(f"code of this file, or of the case beside it, was run; it ended with {ended.code}", *inputs)
        makes = ("home", "cache/locks", *(case.makes if ended.code in (0, 4) or case.keeps else ()))
        changed = differences(_without(before, makes), state(sandbox.path, *makes))
        if changed:
            raise Died(f"it ended with {ended.code}, and changed: {changed[:6]}\n{ended.err}", *inputs)


def _without(found: Mapping[str, str], parts: Sequence[str]) -> dict[str, str]:
    return {n: v for n, v in found.items() if not any(n == part or n.startswith(f"{part}/") for part in parts)}
