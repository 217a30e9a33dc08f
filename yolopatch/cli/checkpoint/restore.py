"""`yolopatch restore`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.checkpoint import restore_words as restoring
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_VERIFY


@click.command("restore", epilog="Example: yolopatch restore best.pt --dest my-yolo")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--dest",
    type=click.Path(path_type=Path, file_okay=False),
    help="The workspace folder to create; it may exist if it is the same workspace.  [default: ./PIN]",
)
@click.option(
    "--source",
    default="auto",
    show_default=True,
    metavar="auto|git|pypi|PATH",
    shell_complete=suggest.sources,
    help="Where to get the pin from. PATH is a git clone, a wheel or a folder. auto: what the checkpoint names.",
)
@options.python
@click.option("--load/--no-load", default=True, help="Load the checkpoint in the workspace.  [default: --load]")
@click.option("--trust", is_flag=True, help="Load the checkpoint even if it asks for unknown code.")
@options.as_json
def command(
    checkpoint: Path, dest: Path | None, source: str, python: str | None, load: bool, trust: bool, as_json: bool
) -> int:
    """Rebuild the workspace that saved a checkpoint.

    The stamp in the checkpoint names the pin, modules, flavors and commit. The
    new workspace has the same commit id; if that is not possible, nothing is
    built. No code in the file runs for this.

    Then upstream's own loader loads the file in a child process, and this runs
    the code that the file asks for. If it asks for more than a usual checkpoint
    does, it is not loaded without --trust.

    Exit code 4: the checkpoint has NaN or infinite values.
    """
    from yolopatch.outside.files.keeping import keeping
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.restore import RestoreRequest, restore
    from yolopatch.steps.checkpoint.restore import load as load_restored

    with progress_line("fetching and patching"):
        restored = restore(RestoreRequest(checkpoint, dest, source, load, trust, python), cache_dir())
    report.show_notes(restored.state.notes)
    loaded = None
    if restored.python:
        report.show_notes([restoring.before_loading(restored)])
        with keeping(restored.state.workspace), progress_line("loading the checkpoint"):
            loaded = load_restored(restored, restored.python)
    data = {**restored.data(), "loaded": asdict(loaded) if loaded else None}
    report.show(data, restoring.restored(restored, loaded), as_json)
    return EXIT_VERIFY if loaded and loaded.not_finite else 0
