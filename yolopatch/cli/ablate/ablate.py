"""`yolopatch ablate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.cli import options, report
from yolopatch.cli.ablate import plan_words, words
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_VERIFY, UsageError
from yolopatch.wire import shell

if TYPE_CHECKING:
    from yolopatch.cli.ablate.progress import Hear
    from yolopatch.outside.ablate.grid_folder import GridFolder
    from yolopatch.steps.ablate.ablate import AblateRequest, Ablation
    from yolopatch.steps.ablate.on_cluster import EngineOptions
    from yolopatch.steps.ablate.plan import GridPlan


@click.command("ablate", epilog="Example: yolopatch ablate grid.toml")
@click.argument("grid", type=click.Path(path_type=Path), metavar="GRID")
@click.option(
    "--dest", type=click.Path(path_type=Path, file_okay=False), help="The folder of the grid.  [default: ./GRID's name]"
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="How many runs are trained at once.  [default: one for each GPU, else as cores and memory allow]",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Train on this machine, or on a Ray cluster.  [default: local]",
)
@click.option(
    "--address", metavar="auto|HOST:PORT", help="With --engine ray: the cluster.  [default: start Ray on this machine]"
)
@click.option(
    "--gpus-per-run",
    type=click.FloatRange(min=0),
    metavar="NUMBER",
    help="With --engine ray: GPUs of each run; with 0.5, two runs share one.  [default: 1 if the cluster has GPUs]",
)
@click.option(
    "--cpus-per-run",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="With --engine ray: CPUs of each run.  [default: 1 with a GPU, else as many as upstream uses]",
)
@click.option("--only", metavar="ARM", help="Train only this arm.")
@click.option("--dry-run", is_flag=True, help="Only say what would be trained; nothing is written.")
@click.option("--table", "only_table", is_flag=True, help="Make the table of what is done; nothing is run.")
@click.option("--measure/--no-measure", default=True, help="Count and time the models first.  [default: --measure]")
@click.option("--events", is_flag=True, help="Print each event of a run as one line of JSON on stderr.")
@options.tracker("Show every run in this tracker, with its arm, scale, seed and commit.")
@options.source
@options.python
@options.as_json
def command(
    grid: Path,
    dest: Path | None,
    workers: int | None,
    engine: str,
    address: str | None,
    gpus_per_run: float | None,
    cpus_per_run: float | None,
    only: str | None,
    dry_run: bool,
    only_table: bool,
    measure: bool,
    events: bool,
    tracker: str | None,
    source: str,
    python: str | None,
    as_json: bool,
) -> int:
    """Train several models with several seeds, and make the paper's table.

    GRID is a TOML file: the arms (modules with placements, or a YAML), the
    scales, the seeds, and upstream's arguments, which are the same for all
    runs. docs/ablation.md explains it. GRID may also be the folder of a grid.

    If it is killed, repeat the command: no run is trained twice, and one that
    was interrupted continues from its last checkpoint. Exit code 4: a run
    failed; the reason stands below the table, and the same command tries it
    again.
    """
    from yolopatch.steps.ablate.ablate import AblateRequest, open_grid, read_ablation
    from yolopatch.steps.ablate.on_cluster import EngineOptions

    if dry_run and only_table:
        raise UsageError("--dry-run and --table exclude each other", hint="leave one of them out")
    if tracker and only_table:
        raise UsageError("--tracker and --table exclude each other: nothing is run", hint="leave one of them out")
    where = EngineOptions(engine, address, gpus_per_run, cpus_per_run)
    where.words()
    request = AblateRequest(grid, dest, workers, only, python, source, measure, tracker)
    plan, folder = open_grid(request)
    if dry_run:
        report.show(plan_words.plan_data(plan, folder), plan_words.plan(plan, folder), as_json)
        return 0
    if only_table:
        return _show(read_ablation(plan, folder), as_json)
    return _show(_train(request, where, plan, folder, events, as_json), as_json)


def _train(
    request: AblateRequest, where: EngineOptions, plan: GridPlan, folder: GridFolder, events: bool, as_json: bool
) -> Ablation:
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.ablate.ablate import ablate
    from yolopatch.steps.ablate.on_cluster import executor_of

    def tell(note: str) -> None:
        report.show_notes([note])

    if not as_json:
        report.show({}, plan_words.plan(plan, folder), False)
    with (
        _going_on(request, where),
        executor_of(where, request, cache_dir(), tell) as executor,
        _progress(plan, events) as hear,
        progress_line() as watch,
    ):
        return ablate(request, plan, folder, executor, cache_dir(), watch, hear, tell)


def _show(found: Ablation, as_json: bool) -> int:
    from yolopatch.steps.ablate.tables import write_tables

    made = write_tables(found)
    report.show_notes((*found.notes, *found.differences))
    report.show(made.data(), words.grid(made.table, made.files), as_json)
    return EXIT_VERIFY if found.has_failed else 0


@contextmanager
def _going_on(request: AblateRequest, where: EngineOptions) -> Iterator[None]:
    """Say after Ctrl-C how to go on; the engine has ended the runs."""
    try:
        yield
    except KeyboardInterrupt:
        command = ["yolopatch", "ablate", request.grid, *(["--dest", request.dest] if request.dest else [])]
        command += where.words()
        command += ["--tracker", request.tracker] if request.tracker else []
        report.show_notes([f"every run was ended; go on with: {shell.join(command)}"])
        raise


@contextmanager
def _progress(plan: GridPlan, events: bool) -> Iterator[Hear]:
    from yolopatch.cli.ablate.progress import Progress, event_data

    if events:
        yield lambda event, standing: report.show_event(event_data(event, standing))
        return
    shown = Progress(draws=sys.stderr.isatty())
    try:
        yield shown.hear
    finally:
        shown.close()
