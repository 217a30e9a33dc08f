"""`env create` killed, or failing, while pip installs: no process goes on, and the same command makes all of it."""

from __future__ import annotations

import errno
import platform
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import ROOT, Ended, Lab, Sandbox
from rows.kills import distinct
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences
from yolopatch.catalog.environment.environments import SETS

sys.path.append(str(ROOT / "tests" / "environments"))
from tiny_wheels import fitting_versions, write_wheel

_RANDOM_MOMENTS = 24  # pip's own process does the work, and our steps do not show where it is
_CHAIN = 3  # harms in a row in one folder, before the run that has to succeed


@dataclass(frozen=True)
class Harm:
    """What is done to one run."""

    plan: tuple[tuple[str, object], ...]
    step: str

    def __str__(self) -> str:
        told = dict(self.plan)
        if told["harm"] != "kill":
            return f"{errno.errorcode[int(str(told['harm']))]} at {self.step}"
        return f"killed {told['after']:.2f} s after {self.step}" if "after" in told else f"killed before {self.step}"


@dataclass(frozen=True)
class Chain:
    """Harms one after the other in one folder."""

    harms: tuple[Harm, ...]

    def __str__(self) -> str:
        return f"env create, {'; then '.join(map(str, self.harms))}"


@dataclass(frozen=True)
class Made:
    """What `env create` makes of the tiny wheels, when nothing happens to it."""

    packages: dict[str, str]
    files: dict[str, str]


def environments(lab: Lab, tally: Tally) -> None:
    """Harm `env create`, with the real pip and an index of tiny wheels."""
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        index = _index(Path(folder) / "cpu")  # torch for CPUs needs less room on the disk
        with lab.sandbox() as sandbox:
            trace = sandbox.path / "home" / "trace"
            made = _check_made(sandbox, _create(sandbox, index, {"trace": str(trace)}))
            steps = trace.read_text().splitlines()
        chains = _chains(_harms(steps, random.Random(tally.budget.seed)))
        tally.each(chains, lambda chain: _try(lab, index, made, chain))


def _index(folder: Path) -> str:
    """Write an index of what the set for this Python asks for; return its address."""
    (wanted, *_) = (one for one in SETS if ".".join(platform.python_version_tuple()[:2]) in one.pythons)
    for name, version in fitting_versions(wanted.requirements).items():
        write_wheel(folder, name, version)
    return folder.as_uri()


def _create(sandbox: Sandbox, index: str, plan: dict[str, object]) -> Ended:
    words = ("env", "create", "yolo26-refconv", "--installer", "pip", "--torch-index", index, "--json")
    return sandbox.run(words, plan, PIP_INDEX_URL=index, PIP_CONFIG_FILE="/dev/null", PIP_NO_CACHE_DIR="1")


def _check_made(sandbox: Sandbox, ended: Ended) -> Made:
    check_ended_well(ended, (0,))
    check_none_runs(sandbox)
    return Made(ended.json["packages"], _files(sandbox))


def _files(sandbox: Sandbox) -> dict[str, str]:
    """Return what lies in the cache's environments and among the temporary files, by path."""
    tops = (sandbox.path / "cache" / "environments", sandbox.tmp)
    paths = (path for top in tops for path in top.rglob("*") if "__pycache__" not in path.parts)
    return {path.relative_to(sandbox.path).as_posix(): "there" for path in paths}


def _harms(steps: Sequence[str], chance: random.Random) -> list[Harm]:
    harms = []
    for at, step in distinct(steps):
        harms.append(Harm((("at", at), ("harm", "kill")), step))
        harms.append(Harm((("at", at), ("harm", chance.choice((errno.EIO, errno.EACCES, errno.ENOSPC)))), step))
    installs = [at for at, step in enumerate(steps, 1) if "-m pip install" in step or "-m venv" in step]
    for number in range(_RANDOM_MOMENTS):
        at = installs[number % len(installs)]
        harms.append(Harm((("at", at), ("harm", "kill"), ("after", chance.uniform(0, 4))), steps[at - 1]))
    return harms


def _chains(harms: Sequence[Harm]) -> list[Chain]:
    count = -(-len(harms) // _CHAIN)
    return [Chain(tuple(harms[start::count])) for start in range(count)]


def _try(lab: Lab, index: str, made: Made, chain: Chain) -> None:
    with lab.sandbox() as sandbox:
        for harm in chain.harms:
            ended = _create(sandbox, index, dict(harm.plan))
            check_none_runs(sandbox)
            if dict(harm.plan)["harm"] != "kill":
                check_ended_well(ended, (0, 1))
        found = _check_made(sandbox, _create(sandbox, index, {}))
        if found.packages != made.packages:
            raise Died(f"it has other packages: {differences(made.packages, found.packages)[:6]}", sandbox.tmp)
        # temporary files of a killed run are swept when they are old
        changed = [line for line in differences(made.files, found.files) if "tmp/" not in line]
        if changed:
            raise Died(f"it has other files: {changed[:6]}", sandbox.tmp)
