"""Compare the result of a run with the model of its YAML and the results of `verify`, and write a summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import SEEDS
from yolopatch.catalog.environment.libraries import named_versions
from yolopatch.catalog.environment.seeds import REACHED, UNREACHED
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.core.reproduce.comparison import Built, Compared, compare, is_dead_as_predicted
from yolopatch.core.training.run import CURVES, SUMMARY
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.templates import load_templates, write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.steps.reproduce.run_files import run_cfg
from yolopatch.steps.reproduce.train import Trained
from yolopatch.wire.facts import Question


@dataclass(frozen=True)
class RunSummary:
    """A finished run, compared with what was expected.

    Attributes:
        page: the file with the summary.
        curves: the picture of losses and mAP50 by epoch.
    """

    trained: Trained
    comparisons: tuple[Compared, ...]
    page: Path
    curves: Path

    @property
    def as_expected(self) -> bool:
        """Whether every comparison with an expected value agrees."""
        return all(one.agrees is not False for one in self.comparisons)

    @property
    def is_dead(self) -> bool:
        """Whether the model learnt nothing, as was predicted."""
        return self.as_expected and is_dead_as_predicted(self.comparisons)

    @property
    def verdict(self) -> str:
        """All comparisons in a few words; a model that does not learn is never only `as expected`."""
        if self.is_dead:
            whose = "the post's model" if self.trained.reproduction.record.flavor == TUTORIAL_FLAVOR else "the model"
            return f"{whose} does not learn, as predicted"
        return "as expected" if self.as_expected else "not as expected"

    def data(self) -> dict[str, object]:
        """Return what `reproduce --run --json` prints about the run."""
        run = self.trained.run
        return {
            "folder": self.trained.folder,
            "weights": self.trained.weights,
            "page": self.page,
            "curves": self.curves,
            "as_expected": self.as_expected,
            "verdict": self.verdict,
            "comparisons": [asdict(one) for one in self.comparisons],
            "differences": self.trained.plan.differences,
            "seed": self.trained.plan.seed,
            **{key: value for key, value in asdict(run).items() if key != "number"},
        }


def summarise(trained: Trained) -> RunSummary:
    """Build the expected model, compare, and write the summary into the run's folder.

    Raises:
        YolopatchError: the model does not build.
    """
    planned, run = trained.plan, trained.run
    measured = trained.reproduction.measured
    comparisons = tuple(
        compare(
            _built(trained),
            run.outcome,
            (planned.epochs, len(trained.rows)),
            measured.verify if measured and not planned.base else None,
            planned.learns,
            run.arrived,
        )
    )
    found = RunSummary(trained, comparisons, trained.folder / SUMMARY, trained.folder / CURVES)
    write_whole(found.page, _page(found).encode())
    return found


def _built(trained: Trained) -> Built:
    """Build the model that the run should have trained, with the classes of the data, and count it."""
    reproduction, planned = trained.reproduction, trained.plan
    cfg = replace(run_cfg(reproduction, planned), nc=len(trained.data.names))
    with temporary_folder() as folder:
        (facts,) = ask_facts(
            reproduction.workspace.path,
            reproduction.workspace.pin,
            [Question(str(write_cfg(cfg, folder)), planned.scale)],
            python=reproduction.interpreter.executable,
        )
    return Built(facts.parameters, Counter(row.kind for row in facts.table))


def _seed(trained: Trained) -> str:
    """Return the seed of the run, and whether it reaches the processes that load images."""
    seed, workspace = trained.plan.seed, trained.reproduction.workspace
    if seed is None:
        return "this release has no option for it: every run starts from the same one"
    if SEEDS in workspace.fix_patches:
        return f"{seed}; {REACHED}"
    return f"{seed}; {UNREACHED}" if SEEDS.fixes_of(workspace.pin) else str(seed)


def _page(found: RunSummary) -> str:
    trained = found.trained
    run, record = trained.run, trained.reproduction.record
    last = run.attempts[-1].environment
    return (
        load_templates()
        .get_template("reproduce/SUMMARY.md.j2")
        .render(
            tutorial=record.tutorial,
            flavor=record.flavor,
            base=trained.plan.base,
            verdict=found.verdict,
            comparisons=found.comparisons,
            curves=CURVES,
            differences=trained.plan.differences,
            run=run,
            data=trained.plan.data,
            seed=_seed(trained),
            environment=last,
            packages=named_versions(last["packages"]),
        )
    )
