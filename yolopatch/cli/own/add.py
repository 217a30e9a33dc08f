"""`yolopatch add`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.own import words as added
from yolopatch.cli.own.asking import settle
from yolopatch.cli.progress import progress_line

if TYPE_CHECKING:
    from yolopatch.catalog.module import Module
    from yolopatch.core.own.tried import Tried


@click.command("add", epilog="Example: yolopatch add MyConv.py --class MyConv")
@click.argument("file", type=click.Path(path_type=Path), metavar="[FILE.py]", required=False)
@click.option("--class", "symbol", metavar="NAME", help="The class to use.  [default: the only candidate in the file]")
@click.option(
    "--like",
    shell_complete=suggest.kinds,
    metavar="KIND",
    help="The class of upstream whose place it takes: Conv2d (a bare convolution), Conv (with its own BatchNorm),"
    " downsample (a Conv of stride 2), C3k2, C2f or C3 (a block), Concat, Upsample, SPPF, C2PSA, Detect, Segment, Pose,"
    " OBB or Classify; or a word: attention (inserted after a layer), backbone, loss.  [default: read from the code]",
)
@click.option(
    "--args",
    metavar='"c1, c2, k, s, ..."',
    help="The arguments to call its constructor with, in Python syntax.  [default: found by their names]",
)
@click.option(
    "--outputs",
    metavar='"sum(inputs)"',
    help="The output channels of a join or an up-sampler, or of each map that a module before a head gives.",
)
@click.option(
    "--boxes",
    metavar="FORM",
    help="For a loss: the form of its boxes: xyxy (two corners) or xywh (centre and size); xyxy.T and xywh.T for "
    "[4, N].  [default: read from the code]",
)
@click.option(
    "--gives",
    type=click.Choice(["loss", "overlap"]),
    help="For a loss: what it returns for two equal boxes: 0 (loss), or its largest value (overlap).  "
    "[default: read from the code]",
)
@click.option(
    "--stride",
    default=1,
    type=click.IntRange(1, 2),
    metavar="1|2",
    help="The stride of a class without a stride argument.  [default: 1]",
)
@click.option(
    "--with",
    "siblings",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="OTHER.py",
    help="Another file of the post, from which FILE.py imports; repeat it for more. All become one file.",
)
@click.option(
    "--package",
    "packages",
    multiple=True,
    metavar="NAME",
    help="What FILE.py imports is an installed package, not a file of the post; repeat it for more.",
)
@click.option(
    "--timm", metavar="MODEL", help="Make the file for a model of timm, as a backbone: mobilenetv4_conv_small, ..."
)
@click.option("--name", metavar="NAME", help="The name of the module.  [default: the name of the class]")
@click.option(
    "--try/--no-try",
    "tries",
    default=None,
    help="Build a model with the module and run it, if a pin and its libraries are there.  [default: at a terminal]",
)
@click.option("--replace", is_flag=True, help="Replace a module with the same name in the catalog.")
@options.catalog
@options.as_json
def command(as_json: bool, catalog: Path | None, tries: bool | None, **request: Any) -> None:
    """Turn a Python file from a blog post or a paper's code into a module.

    The file is read and followed, but not run; only --try runs it, in a model. If
    something is unclear, you are asked at a terminal; without a terminal, an
    error names the option to add. Afterwards all commands accept the module like
    yolopatch's own, on every pin.
    """
    from yolopatch.outside.own.own_catalog import own_catalog_dir
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.own.add import AddRequest, add
    from yolopatch.steps.tryout.build import try_module

    usual = own_catalog_dir()
    folder = catalog.absolute() if catalog else usual
    wanted = sys.stdout.isatty() and not as_json if tries is None else tries
    cache = cache_dir()

    def build(module: Module, patches: Mapping[str, str], scales: Mapping[str, str]) -> Tried:
        with progress_line("looking for a pin and an interpreter") as watch:
            return try_module(module, patches, cache, watch, scales=scales)

    found = settle(lambda asked: add(asked, folder, cache, build), AddRequest(**request, tries=wanted), as_json)
    report.show_notes(added.notes(found, usual))
    report.show(asdict(found), added.words(found), as_json)
