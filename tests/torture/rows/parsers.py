"""Parsers of what strangers write, fed with changed forms of real inputs: each refuses in words, in time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from lab import HERE, Lab
from tally import WORKERS, Died, Tally

# as `fuzz.parsers.parsers` has them: to import that one here would load all of yolopatch into the torture's process
PARSERS = (
    *("module entries", "pin entries", "manifests", "patches", "pickles, followed", "pickles, read"),
    *("checkpoint archives", "stamps", "wheels", "wheel metadata", "YAML", "model YAMLs", "data YAMLs"),
    *("lists of images", "labels", "pasted files", "answer lines", "run records", "journals", "commit messages"),
)
_START = 3.0  # seconds until a parser's process has begun


@dataclass(frozen=True)
class Fed:
    """Parsers that one process feeds, and for how long each."""

    parsers: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        return ", ".join(self.parsers)


def parsers(lab: Lab, tally: Tally) -> None:
    """Feed every parser for an equal share of the time, each in a process of its own; for a sample, all in one."""
    share = max(1.0, tally.budget.seconds * WORKERS / len(PARSERS) - _START)
    groups = [(name,) for name in PARSERS] if tally.budget.most is None else [PARSERS]
    counts: dict[str, int] = {}
    tally.each([Fed(group, share) for group in groups], lambda fed: counts.update(_feed(lab, tally, fed)))
    tally.add(max(0, sum(counts.values()) - tally.tried))
    tally.notes += [f"{name}: {count:,} inputs" for name, count in sorted(counts.items())]


def _feed(lab: Lab, tally: Tally, fed: Fed) -> dict[str, int]:
    with lab.sandbox() as sandbox:
        answer = sandbox.work / "answer.json"
        limits = (str(fed.seconds), str(tally.budget.most or 0), str(tally.budget.seed), str(answer))
        variables = sandbox.variables({"seconds": 0}, {})
        variables["PYTHONPATH"] = f"{HERE}:{variables['PYTHONPATH']}"
        command = [sys.executable, "-m", "fuzz", "|".join(fed.parsers), *limits]
        done = subprocess.run(command, cwd=sandbox.work, env=variables, capture_output=True, text=True)
        if done.returncode or not answer.exists():
            raise Died(f"the process of the parser ended with {done.returncode}\n{done.stderr[-3000:]}")
        told = json.loads(answer.read_text())
        if told["died"]:
            raise Died(told["died"], answer.with_suffix(".input"))
        found: dict[str, int] = told["tried"]
        return found
