"""A checkpoint's fork, rebuilt, and the checkpoint loaded in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.words import workspaces
from yolopatch.cli.words.layout import pairs

if TYPE_CHECKING:
    from yolopatch.outside.checkpoint import Loaded
    from yolopatch.steps.restore import Restored

_SHOWN = 8


def before_loading(found: Restored) -> str:
    """Say what happens next, before it does."""
    return f"{found.file} is loaded now in a child process, which runs the code that it asks for"


def restored(found: Restored, loaded: Loaded | None) -> Iterator[str]:
    """Give the workspace, how the checkpoint vouches for it, and what the checkpoint holds."""
    yield from workspaces.state(found.state)
    yield from pairs([("proof", _proof(found))])
    if found.stamped.error:
        yield from pairs([("stamp", f"not whole: {found.stamped.error}")])
    if loaded is None:
        return
    classes = ", ".join(loaded.classes[:_SHOWN]) + (", …" if len(loaded.classes) > _SHOWN else "")
    yield click.style(f"{loaded.model} from {found.file}", bold=True)
    yield from pairs(
        [
            ("size", f"{loaded.layers:,} layers, {loaded.parameters:,} parameters"),
            ("classes", f"{len(loaded.classes)}: {classes}"),
            ("values", _values(loaded)),
        ]
    )


def _proof(found: Restored) -> str:
    if found.stamped.commit:
        return "the commit that the checkpoint names, with no change of its user's on it"
    return "the patches that the checkpoint names; of changes of its user's it says nothing"


def _values(loaded: Loaded) -> str:
    if not loaded.not_finite:
        return "all finite"
    names = ", ".join(loaded.not_finite[:_SHOWN]) + (", …" if len(loaded.not_finite) > _SHOWN else "")
    return click.style(f"NaN or infinite in {len(loaded.not_finite)} tensors: {names}", fg="red")
