"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TypeVar, cast

import click

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch, chosen
from yolopatch.cli import suggest

_Command = TypeVar("_Command", bound=Callable[..., object])

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
flavor = click.option(
    "--flavor",
    default="paper",
    show_default=True,
    metavar="paper|tutorial",
    shell_complete=suggest.flavors,
    help="paper: as the paper defines the module. tutorial: exactly the blog post's code.",
)
source = click.option(
    "--source",
    default="auto",
    show_default=True,
    metavar="auto|git|pypi|PATH",
    shell_complete=suggest.sources,
    help="Where to get the pin from. PATH is a git clone, a wheel or a folder. auto: the cache, then git, then PyPI.",
)
scale = click.option(
    "--scale",
    shell_complete=suggest.scales,
    metavar="n|s|m|l|x",
    help="The model scale.  [default: read from the YAML, as upstream does]",
)
cfg = click.option(
    "--cfg",
    required=True,
    type=click.Path(path_type=Path),
    shell_complete=suggest.yaml_files,
    metavar="FILE",
    help="The model YAML, in the current folder or in the workspace.",
)
workspace = click.argument(
    "workspace", default=".", type=click.Path(path_type=Path, file_okay=False), metavar="[WORKSPACE]"
)
catalog = click.option(
    "--catalog",
    type=click.Path(path_type=Path),
    help="The folder of your own catalog.  [default: $YOLOPATCH_CATALOG, else ~/.config/yolopatch]",
)


def builder(words: str) -> Callable[[_Command], _Command]:
    """Return the option `--workspace` of a command whose items lie anywhere, with this help text."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help=words,
    )


into = click.option(
    "--into",
    metavar="BRANCH",
    help="Leave the result on this new branch; the workspace stays as it is. Where your commits conflict, the branch "
    "has what could be done.",
)


def _read_device(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    from yolopatch.core.environment.device import read_device  # imported late: --help does not need it

    return None if text is None else read_device(text)


def device(words: str) -> Callable[[_Command], _Command]:
    """Return the option `--device`, whose value becomes torch's name of the device, with this help text."""
    return click.option("--device", metavar="cpu|0", callback=_read_device, help=words)


def fix_patches(says: Callable[[FixPatch], str]) -> Callable[[_Command], _Command]:
    """Return an option for each fix patch; the command gets those that were asked for as `fix_patches`.

    Args:
        says: the help text of the option for a patch.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def collect(**given: object) -> object:
            asked = {patch.name: bool(given.pop(patch.name)) for patch in FIX_PATCHES}
            return command(**given, fix_patches=chosen(**asked))

        for patch in reversed(FIX_PATCHES):
            collect = click.option(patch.option, patch.name, is_flag=True, help=says(patch))(collect)
        return cast("_Command", collect)

    return decorate


def tracker(words: str) -> Callable[[_Command], _Command]:
    """Return the option `--tracker`, with this help text."""
    names = "tensorboard|wandb|mlflow|clearml|comet"
    return click.option("--tracker", shell_complete=suggest.trackers, metavar=names, help=f"{words}  [default: none]")


overwrite = click.option("--overwrite", is_flag=True, help="Replace an existing output file.")
python = click.option(
    "--python",
    metavar="EXE",
    help="The Python to run upstream with.  [default: the one of `env create`, else this one if it has the libraries]",
)
