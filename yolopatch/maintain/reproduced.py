"""`make reproduce`: run every tutorial as a user does, and collect the results."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.reproduce.recipes import RECIPES
from yolopatch.core.training.results import RESULTS, map50, read_results
from yolopatch.errors import YolopatchError

QUICK, EXACT = "quick", "exact"
_PAPER = "paper"
# its code is as old as the tutorial, and trains with no current library without the compatibility patch
_NEED_COMPAT = ("yolov5-dynamic",)


@dataclass(frozen=True)
class Case:
    """One run: a tutorial in a flavor, or its base model."""

    tutorial: str
    flavor: str
    kind: str
    base: bool = False

    @property
    def name(self) -> str:
        """Its name in the table."""
        if self.base:
            return f"{RECIPES[self.tutorial].tutorial.model}, base model"
        return f"{self.tutorial}, {self.flavor}"


@dataclass(frozen=True)
class Result:
    """The result of a run; `scores` are the mAP50 on the validation images, one for each epoch."""

    case: Case
    as_expected: bool
    seconds: float
    comparisons: Sequence[Mapping[str, Any]]
    scores: Sequence[float]

    def found(self, name: str) -> str:
        """Return the value that a comparison found."""
        return next(str(one["found"]) for one in self.comparisons if one["name"] == name)


def cases(tutorials: Sequence[str] = tuple(RECIPES), kinds: Sequence[str] = (QUICK, EXACT)) -> list[Case]:
    """Return the runs of these tutorials and kinds."""
    return [case for case in _all_cases() if case.tutorial in tutorials and case.kind in kinds]


def _all_cases() -> Iterator[Case]:
    """Yield every run: the ones that should learn, the one that cannot, and the runs of the posts with one epoch."""
    seen = set()
    for id_, recipe in RECIPES.items():
        if recipe.base_cfg not in seen:
            yield Case(id_, _PAPER, QUICK, base=True)
        seen.add(recipe.base_cfg)
        yield Case(id_, _PAPER, QUICK)
    yield Case("yolo26-refconv", TUTORIAL_FLAVOR, QUICK)
    for id_ in RECIPES:
        yield Case(id_, TUTORIAL_FLAVOR, EXACT)


def run_all(folder: Path, python: str, compat: bool, wanted: Sequence[Case]) -> Iterator[Result]:
    """Run these cases; the results of a run that has ended are only read.

    Args:
        folder: the folder of the reproductions.
        python: the interpreter to train with.
        compat: whether every pin's old code is fixed for newer libraries.
        wanted: the runs.

    Raises:
        YolopatchError: a run failed; the last lines of its output are in `details`.
    """
    shapes = folder / "shapes"
    _yolopatch(["data", "shapes", "--out", str(shapes)])
    for case in wanted:
        with_compat = compat or case.tutorial in _NEED_COMPAT
        dest = folder / f"{case.tutorial}-{case.flavor}{'-compat' * with_compat}"
        words = ["reproduce", case.tutorial, "--flavor", case.flavor, "--dest", str(dest), "--run"]
        words += ["--compat"] * with_compat + ["--base"] * case.base + ["--python", python]
        if case.kind == QUICK:
            words.append("--quick")
        else:
            words += ["--epochs", "1", "--device", "cpu", "--data", str(shapes / "data.yaml")]
        yield _result(case, _yolopatch(words)["run"])


def _yolopatch(words: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "yolopatch", *words, "--json"], capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    if "error" in answer or not answer:
        raise YolopatchError(f"yolopatch {' '.join(words)} failed", details=done.stderr.splitlines()[-12:])
    return answer


def _result(case: Case, run: Mapping[str, Any]) -> Result:
    rows = read_results((Path(run["save_dir"]) / RESULTS).read_text("utf-8"))
    scores = [map50(row) or 0.0 for row in rows]
    return Result(case, run["as_expected"], run["seconds"], run["comparisons"], scores)
