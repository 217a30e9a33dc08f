"""`yolopatch reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.progress import progress_line
from yolopatch.cli.reproduce import words as reproductions
from yolopatch.errors import EXIT_VERIFY, UsageError

if TYPE_CHECKING:
    from yolopatch.outside.watch import Watch
    from yolopatch.steps.reproduce.ready import Ready
    from yolopatch.steps.reproduce.reproduction import Reproduction

_FOR_A_RUN = ("data", "epochs", "device", "scale", "weights", "base", "quick", "settings", "fresh")


@click.command("reproduce", epilog="Example: yolopatch reproduce yolo26-refconv --run --quick")
@click.argument("tutorial")
@click.option(
    "--flavor",
    default="tutorial",
    show_default=True,
    metavar="tutorial|paper",
    help="Do exactly what the blog post's code does, or what the paper says.",
)
@click.option("--dest", type=click.Path(path_type=Path, file_okay=False), help="The folder.  [default: ./TUTORIAL]")
@click.option("--repo", help="Another pin of the same base model than the post's: yolov5-pypi-6.1.0.")
@click.option("--source", default="auto", show_default=True, metavar="auto|git|pypi|PATH", help="As `apply` has it.")
@click.option("--compat", is_flag=True, help="Mend upstream's old code for today's libraries.")
@options.python
@click.option("--measure/--no-measure", default=True, help="Build every scale and verify the model.  [default: do]")
@click.option("--run", "running", is_flag=True, help="Train to the end, validate, export, and compare.")
@click.option("--data", help="With --run: another data YAML than the post's.")
@click.option("--epochs", type=int, help="With --run: another number than the post's.")
@click.option("--device", help="With --run: cpu, or the number of a GPU.")
@click.option("--scale", help="With --run: n, s, m, l or x.  [default: the post's]")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="With --run: begin with a checkpoint of the base model, or of this one (see `transplant`).",
)
@click.option("--base", is_flag=True, help="With --run: train upstream's own model instead, to compare with.")
@click.option("--quick", is_flag=True, help="With --run: a minute or two on a small generated set: does it learn?")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="With --run: an argument of upstream's.")
@click.option("--fresh", is_flag=True, help="With --run: train anew, even where the same run was ended before.")
@options.as_json
def command(as_json: bool, running: bool, measure: bool, **asked: Any) -> int:
    """Make a folder that reproduces a blog post, and train it.

    The folder holds the workspace with the module, the post's YAML and
    training script in their places, and REPRODUCE.md: where they are not the
    post's and why, the numbers to expect, what `verify` found.

    A run that is killed goes on from its last checkpoint when the command is
    repeated. Exit code 4: what came out is not what was expected.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.reproduce.measure import measured
    from yolopatch.steps.reproduce.reproduce import reproduce
    from yolopatch.steps.reproduce.reproduction import ReproduceRequest

    run = {name: asked.pop(name) for name in _FOR_A_RUN}
    if not running and any(run.values()):
        given = next(name for name, value in run.items() if value)
        raise UsageError(f"--{given.replace('settings', 'set')} is about a run", hint="add --run")
    cache = cache_dir()
    with progress_line() as watch:
        found = reproduce(ReproduceRequest(**asked), cache)
        ready = _get_ready(found, run, cache, watch) if running else None
        found = measured(found, cache, watch) if measure else found
    report.show_notes(found.notes)
    if ready:
        return _train(found, ready, cache, as_json)
    report.show(found.data(), reproductions.reproduction(found), as_json)
    return 0


def _get_ready(found: Reproduction, run: dict[str, Any], cache: Path, watch: Watch) -> Ready:
    from yolopatch.steps.reproduce.ready import get_ready
    from yolopatch.steps.reproduce.run_plan import RunRequest

    return get_ready(found, RunRequest(**run), cache, watch)


def _train(found: Reproduction, ready: Ready, cache: Path, as_json: bool) -> int:
    from yolopatch.steps.reproduce.run_summary import summarise
    from yolopatch.steps.reproduce.train import train

    with progress_line() as watch:
        trained = train(found, ready, cache, watch)
        summary = summarise(trained)
    report.show_notes(trained.notes)
    report.show({**found.data(), "run": summary.data()}, reproductions.run(summary), as_json)
    return 0 if summary.as_expected else EXIT_VERIFY
