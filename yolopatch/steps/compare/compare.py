"""`compare`: count and time models side by side, in one process for each workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.core.compare.chart import standing_alone
from yolopatch.core.compare.description import describe
from yolopatch.core.compare.evaluation import Evaluation
from yolopatch.core.compare.files import write_classes, write_csv, write_latex, write_markdown
from yolopatch.core.compare.plots import Plot, make_plots
from yolopatch.core.compare.rows import Method, Process, Row
from yolopatch.core.environment.device import CPU
from yolopatch.core.model.side import require_side
from yolopatch.errors import UsageError
from yolopatch.outside.environment.processor import processor_name
from yolopatch.outside.files.staging import write_all
from yolopatch.outside.probe.facts import ask_comparison
from yolopatch.outside.probe.inspect import require_device
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.compare.evaluate import Conditions, Group, evaluate, read_data
from yolopatch.steps.compare.items import Item, find_items
from yolopatch.steps.environment.interpreters import find_interpreter_in
from yolopatch.wire.facts import CompareAnswer, ComparedModel, CompareRequest, ModelSource

PAGE = "compare.html"
_FILES = {"table.md": write_markdown, "table.tex": write_latex, "table.csv": write_csv}


@dataclass(frozen=True)
class Options:
    """How to compare.

    Attributes:
        workspace: for items that lie outside of every workspace; None without one.
        scale: of the YAMLs; None for what each says.
        data: the data YAML to evaluate checkpoints on; None to evaluate none.
        imgsz: side of the square images in pixels.
        batch: images in a forward; None for one, and for as many as upstream takes where it evaluates.
        half: whether forwards run in float16.
        device: torch's name of it; None for the CPU.
        python: the interpreter with upstream's requirements; None to find one.
    """

    workspace: Path | None = None
    scale: str | None = None
    data: Path | None = None
    imgsz: int = 640
    batch: int | None = None
    half: bool = False
    device: str | None = None
    python: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Models side by side, and how they were measured."""

    rows: tuple[Row, ...]
    method: Method
    notes: tuple[str, ...]

    @cached_property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of the figures."""
        return make_plots(self.rows, self.method)

    def data(self, files: Sequence[Path]) -> dict[str, object]:
        """Return what `compare --json` prints; its keys are a contract."""
        how = describe(self.method, self.rows)
        measured = {**self.method.data(), "how": how}
        return {"rows": [row.data() for row in self.rows], "measured": measured, "files": [str(file) for file in files]}


def compare(texts: Sequence[str], options: Options, cache: Path, watch: Watch) -> Comparison:
    """Count and time the models that a user names.

    Args:
        texts: each is ITEM or NAME=ITEM; an item is a model YAML, a checkpoint, or the folder of a run.
        options: how.
        cache: the cache folder.
        watch: called when the models of a workspace are measured.

    Raises:
        UsageError: as `find_items` and `read_data`; the side is no multiple of the stride, or the models are of several
            tasks.
        YolopatchError: no interpreter can import upstream, there is no such device, or a model does not build or run.
    """
    require_side(options.imgsz)
    items = find_items(texts, options.workspace, options.scale)
    _require_one_task({item.name: item.task for item in items if item.task})
    data = read_data(options.data, items) if options.data else None
    groups = [
        Group(group, find_interpreter_in(group[0].workspace, options.python, cache).executable)
        for group in _by_workspace(items)
    ]
    for python in {group.python for group in groups}:
        require_device(options.device or CPU, python)
    how = Conditions(options.imgsz, options.batch, options.half, options.device or CPU)
    evaluations = evaluate(groups, data, how, watch) if data else {}
    answers: list[CompareAnswer] = []
    for number, group in enumerate(groups, 1):
        watch(f"measuring {', '.join(item.name for item in group.items)}", number, len(groups))
        answers.append(ask_comparison(_request(group.items, options), python=group.python))
    found = {item.name: one for group, answer in zip(groups, answers) for item, one in zip(group.items, answer.models)}
    _require_one_task({name: model.task for name, model in found.items()})
    processes = tuple(_process(group.items, answer) for group, answer in zip(groups, answers))
    batch = options.batch or 1
    return Comparison(
        rows=tuple(_row(item, found[item.name], batch, evaluations.get(item.name)) for item in items),
        method=Method(options.imgsz, batch, options.half, processes),
        notes=(*_unfused(items, found), *(_untrained(items) if data else ())),
    )


def _unfused(items: Sequence[Item], found: Mapping[str, ComparedModel]) -> Iterator[str]:
    for item in items:
        failure = found[item.name].cost.failure
        if failure:
            yield f"{item.name} has no latency: upstream's fuse() failed: {failure}"


def _untrained(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if not item.checkpoint:
            yield f"{item.name} is a model YAML without weights, so it was not evaluated"


def table_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that `save_tables` always writes; the plots depend on what is found."""
    return tuple(folder / name for name in (PAGE, *_FILES))


def save_tables(found: Comparison, page: str, folder: Path, *, overwrite: bool) -> tuple[Path, ...]:
    """Write the table as CSV, Markdown and LaTeX, the page and the plots, all files or none; return their paths.

    Args:
        found: the comparison.
        page: the HTML page.
        folder: where to write; it need not exist.
        overwrite: whether existing files are replaced.

    Raises:
        ConflictError: a file exists already; nothing was changed.
        OSError: a file cannot be written; nothing was changed.
    """
    texts = {folder / name: write(found.rows, found.method) for name, write in _FILES.items()}
    texts[folder / PAGE] = page
    if any(row.evaluation for row in found.rows):
        texts[folder / "classes.csv"] = write_classes(found.rows)
    texts |= {folder / plot.file: standing_alone(plot.svg) for plot in found.plots}
    write_all({file: text.encode() for file, text in texts.items()}, overwrite=overwrite)
    return tuple(texts)


def _by_workspace(items: Sequence[Item]) -> list[list[Item]]:
    groups: dict[Path, list[Item]] = {}
    for item in items:
        groups.setdefault(item.workspace.path.resolve(), []).append(item)
    return list(groups.values())


def _request(group: Sequence[Item], options: Options) -> CompareRequest:
    workspace = group[0].workspace
    return CompareRequest(
        workspace=str(workspace.path),
        style=style_of(workspace.pin),
        imgsz=options.imgsz,
        batch=options.batch or 1,
        half=options.half,
        device=options.device or CPU,
        models=tuple(ModelSource(str(item.file), item.scale, item.checkpoint) for item in group),
    )


def _require_one_task(tasks: Mapping[str, str]) -> None:
    if len(set(tasks.values())) > 1:
        raise UsageError(
            "the models are of several tasks, whose figures cannot be compared; nothing was written",
            details=[f"{name}: {task}" for name, task in tasks.items()],
            hint="compare the models of one task",
        )


def _process(group: Sequence[Item], answer: CompareAnswer) -> Process:
    workspace: Workspace = group[0].workspace
    costs = [model.cost for model in answer.models]
    hardware, threads = costs[0].hardware, costs[0].threads
    return Process(
        models=tuple(item.name for item in group),
        workspace=str(workspace.path),
        pin=workspace.pin.name,
        commit=workspace.tip.id,
        fix_patches=tuple(patch.name for patch in workspace.fix_patches),
        edited=len(workspace.edited),
        hardware=processor_name() if hardware == CPU else hardware,
        threads=threads,
        rounds=max(cost.rounds for cost in costs),
        torch=answer.torch,
    )


def _row(item: Item, model: ComparedModel, batch: int, evaluation: Evaluation | None) -> Row:
    cost = model.cost
    return Row(
        name=item.name,
        layers=model.info.layers,
        parameters=model.info.parameters,
        gflops_true=round(model.true_gflops, 4),
        gflops_upstream=model.info.gflops,
        times=cost.times,
        fps=round(batch * 1e3 / cost.times.median, 2) if cost.times else None,
        memory=cost.memory,
        metrics=item.metrics,
        by_layer=model.layers,
        curves=item.curves,
        evaluation=evaluation,
        rates=model.rates,
    )
