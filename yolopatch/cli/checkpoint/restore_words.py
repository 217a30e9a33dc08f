"""A checkpoint's fork, rebuilt, and the checkpoint loaded in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import pairs
from yolopatch.cli.workspace import words as workspaces

if TYPE_CHECKING:
    from yolopatch.steps.checkpoint.restore import Restored
    from yolopatch.wire.checkpoints import Loaded

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
    yield click.style(f"{loaded.model} from {found.file}", bold=True)
    yield from pairs(
        [
            ("size", f"{loaded.layers:,} layers, {loaded.parameters:,} parameters"),
            ("classes", f"{len(loaded.classes)}: {_listed(loaded.classes)}"),
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
    told = f"NaN or infinite in {len(loaded.not_finite)} tensors: {_listed(loaded.not_finite)}"
    return click.style(told, fg="red")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
