"""`yolopatch reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.progress import progress_line
from yolopatch.cli.reproduce import words as reproductions
from yolopatch.errors import EXIT_VERIFY, UsageError

if TYPE_CHECKING:
    from yolopatch.outside.watch import Watch
    from yolopatch.steps.reproduce.prepare import PreparedRun
    from yolopatch.steps.reproduce.reproduction import Reproduction

_FOR_A_RUN = ("data", "epochs", "device", "scale", "weights", "base", "quick", "settings", "fresh", "tracker")


@click.command("reproduce", epilog="Example: yolopatch reproduce yolo26-refconv --run --quick")
@click.argument("tutorial", shell_complete=suggest.tutorials)
@click.option(
    "--flavor",
    default="tutorial",
    show_default=True,
    metavar="tutorial|paper",
    shell_complete=suggest.flavors,
    help="tutorial: exactly the blog post's code. paper: as the paper defines the module.",
)
@click.option(
    "--dest", type=click.Path(path_type=Path, file_okay=False), help="The folder to create.  [default: ./TUTORIAL]"
)
@click.option(
    "--repo",
    shell_complete=suggest.pins,
    metavar="PIN",
    help="Use this pin instead of the post's; it must have the same base model (yolov5-pypi-6.1.0).",
)
@options.source
@options.fix_patches(lambda patch: patch.adds)
@options.python
@click.option(
    "--measure/--no-measure", default=True, help="Build all scales and verify the model.  [default: --measure]"
)
@click.option(
    "--run", "running", is_flag=True, help="Train, validate, export, and compare the results with what is expected."
)
@click.option(
    "--data",
    shell_complete=suggest.yaml_files,
    metavar="YAML",
    help="With --run: the data YAML.  [default: the post's]",
)
@click.option("--epochs", type=int, metavar="NUMBER", help="With --run: the number of epochs.  [default: the post's]")
@options.device("With --run: the CPU, or the number of a GPU.  [default: the post's]")
@click.option(
    "--scale",
    shell_complete=suggest.scales,
    metavar="n|s|m|l|x",
    help="With --run: the model scale.  [default: the post's]",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="With --run: start from this checkpoint of the base model or of this model (see `yolopatch transplant`).",
)
@click.option("--base", is_flag=True, help="With --run: train upstream's own model instead, for comparison.")
@click.option(
    "--quick",
    is_flag=True,
    help="With --run: a short training on a small generated data set, to see whether the model learns. 1 to 2 minutes.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="With --run: a training argument of upstream. Repeatable.",
)
@click.option("--fresh", is_flag=True, help="With --run: train again, even if the same run is already finished.")
@options.tracker("With --run: show the run in this tracker.")
@options.as_json
def command(as_json: bool, running: bool, measure: bool, **asked: Any) -> int:
    """Reproduce a blog post: its code, YAML and training.

    TUTORIAL is a name from `yolopatch list tutorials`. This creates a folder
    with the workspace, the post's model YAML and training script, and
    REPRODUCE.md. That page lists each difference from the post with its reason,
    the numbers to expect, and what `verify` found.

    If a run is killed, repeat the command: it continues from the last
    checkpoint. Exit code 4: the results are not as expected.
    """
    from yolopatch.outside.files.keeping import keeping
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.reproduce.measure import measure_model
    from yolopatch.steps.reproduce.reproduce import reproduce
    from yolopatch.steps.reproduce.reproduction import ReproduceRequest

    run = {name: asked.pop(name) for name in _FOR_A_RUN}
    if not running and any(run.values()):
        given = next(name for name, value in run.items() if value)
        raise UsageError(f"--{given.replace('settings', 'set')} needs --run", hint="add --run")
    cache = cache_dir()
    with progress_line() as watch:
        found = reproduce(ReproduceRequest(**asked), cache)
        with keeping(found.folder):
            ready = _prepare(found, run, cache, watch) if running else None
            found = measure_model(found, watch) if measure else found
    report.show_notes(found.notes)
    if ready:
        with keeping(found.folder):
            return _train(found, ready, as_json)
    report.show(found.data(), reproductions.reproduction(found), as_json)
    return 0


def _prepare(found: Reproduction, run: dict[str, Any], cache: Path, watch: Watch) -> PreparedRun:
    from yolopatch.steps.reproduce.prepare import prepare_run
    from yolopatch.steps.reproduce.run_plan import RunRequest

    return prepare_run(found, RunRequest(**run), cache, watch)


def _train(found: Reproduction, ready: PreparedRun, as_json: bool) -> int:
    from yolopatch.steps.reproduce.run_summary import summarise
    from yolopatch.steps.reproduce.train import train

    with progress_line() as watch:
        trained = train(found, ready, watch)
        summary = summarise(trained)
    report.show_notes(trained.notes)
    report.show({**found.data(), "run": summary.data()}, reproductions.run(summary), as_json)
    return 0 if summary.as_expected else EXIT_VERIFY
