"""`yolopatch verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.progress import progress_line
from yolopatch.cli.verify.words import verification
from yolopatch.errors import EXIT_VERIFY, UsageError
from yolopatch.wire.statuses import FAIL

if TYPE_CHECKING:
    from yolopatch.steps.verify.verify import Verification, Verifications


@click.command("verify", epilog="Example: yolopatch verify my-yolo --cfg yolo11n-C3k2-DSConv.yaml")
@options.workspace
@options.cfg
@options.scale
@click.option("--all-scales", is_flag=True, help="Check all scales of the file, one after the other.")
@click.option("--imgsz", default=640, show_default=True, metavar="PIXELS", help="Image side.")
@options.python
@options.device("The CPU, or the number of a GPU.  [default: a GPU if torch sees one]")
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    shell_complete=suggest.yaml_files,
    help="The upstream model YAML to compare with.  [default: the most similar one]",
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    shell_complete=suggest.checks,
    metavar="ID",
    help="Run only this check. Repeatable.",
)
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of each check.",
)
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the results as one HTML file.")
@options.as_json
def command(
    workspace: Path,
    cfg: Path,
    scale: str | None,
    all_scales: bool,
    page: Path | None,
    as_json: bool,
    **how: Any,
) -> int:
    """Check that the model of a YAML is correct: layers, gradients, exports and more.

    The model is built by the workspace's code in a child process. WORKSPACE may
    also be a checkout that yolopatch did not make.

    Exit code 4: a check failed.
    """
    from yolopatch.outside.files.writable import require_writable
    from yolopatch.steps.verify.verify import verify, verify_every_scale

    if scale and all_scales:
        raise UsageError("--scale and --all-scales exclude each other", hint="remove one of them")
    if page:
        require_writable(page)
    found: Verification | Verifications
    with progress_line() as watch:
        if all_scales:
            found = verify_every_scale(workspace, cfg, watch=watch, **how)
        else:
            found = verify(workspace, cfg, scale, watch=watch, **how)
    if page:
        from yolopatch.cli.verify.html import write_report

        write_report(found.data(), page)
    report.show(found.data(), verification(found, page), as_json)
    return EXIT_VERIFY if found.verdict == FAIL else 0
