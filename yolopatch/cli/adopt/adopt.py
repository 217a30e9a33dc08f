"""`yolopatch adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.own.asking import settle
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_VERIFY

if TYPE_CHECKING:
    from yolopatch.steps.adopt.adopt import Adoption, AdoptRequest


@click.command("adopt", epilog="Example: yolopatch adopt Some-YOLO --dest my-yolo --report report.html")
@click.argument("fork", metavar="FORK")
@click.option(
    "--base",
    default="auto",
    show_default=True,
    metavar="auto|ultralytics==X|PIN",
    help="The release that the fork began from. auto: found by the content of its files.",
)
@click.option(
    "--cfg",
    "cfgs",
    multiple=True,
    metavar="FILE.yaml",
    help="A model YAML of the fork, by its path or its name in it. Repeatable.  [default: the main one]",
)
@click.option(
    "--folder",
    metavar="DIR",
    help="The folder in the fork with the package, for a fork with several.  [default: found]",
)
@click.option(
    "--to",
    metavar="RELEASE",
    help="Rebuild the models on this release, too: ultralytics==X or a pin. --dest then makes its workspace.",
)
@click.option(
    "--dest",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Make a workspace of the release with the fork's models, and keep them in your own catalog.",
)
@click.option(
    "--with",
    "areas",
    multiple=True,
    metavar="AREA",
    help="With --dest, also commit what the fork changes in this area: loss, assignment, training, augmentation,"
    " evaluation, export or data. Repeatable.",
)
@click.option("--everything", is_flag=True, help="The same as --with for every area.")
@click.option(
    "--verify", "verifies", is_flag=True, help="With --dest, run all checks of `verify` on its models. Takes minutes."
)
@click.option("--name", metavar="NAME", help="The name of the module that is kept.  [default: that of the fork]")
@click.option("--no-build", is_flag=True, help="Only read the fork; build no model.")
@options.python
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the results as one HTML file.")
@options.catalog
@options.as_json
def command(
    fork: str, no_build: bool, areas: tuple[str, ...], everything: bool, page: Path | None, as_json: bool, **how: Any
) -> int:
    """Tell what a published fork really changes, and rebuild its model on the release.

    FORK is a folder, a git repository or a zip or tar archive. It is read; its
    code runs only in a child process, to build its models.

    Exit code 4: a rebuilt model is not the fork's, none could be rebuilt for a
    workspace, or a check of --verify failed.
    """
    from yolopatch.cli.adopt import words
    from yolopatch.outside.files.writable import require_writable
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.adopt.adopt import AdoptRequest, adopt
    from yolopatch.steps.adopt.areas import CHOICES

    if page:
        require_writable(page)
    cache = cache_dir()

    def run(request: AdoptRequest) -> Adoption:
        with progress_line() as watch:
            return adopt(request, cache, watch)

    found = settle(run, AdoptRequest(fork, builds=not no_build, areas=CHOICES if everything else areas, **how), as_json)
    if page:
        from yolopatch.cli.adopt.page import render_page
        from yolopatch.outside.files.staging import write_whole

        write_whole(page, render_page(found).encode())
    report.show_notes(found.notes)
    report.show(found.data(), words.adoption(found, page), as_json)
    return 0 if found.holds else EXIT_VERIFY
