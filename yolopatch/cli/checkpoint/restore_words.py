"""The result lines of `restore`."""

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
    """Return the warning that is shown before the checkpoint is loaded."""
    return f"loading {found.file} in a child process; this runs the code that the file asks for"


def restored(found: Restored, loaded: Loaded | None) -> Iterator[str]:
    """Yield the workspace, what proves it to be the right one, and what the checkpoint contains."""
    yield from workspaces.state(found.state)
    yield from pairs([("proof", _proof(found))])
    if found.stamped.error:
        yield from pairs([("stamp", f"incomplete: {found.stamped.error}")])
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
        return "this is the commit that the checkpoint names; no user change was on top of it"
    return "these are the patches that the checkpoint names; user changes were not recorded"


def _values(loaded: Loaded) -> str:
    if not loaded.not_finite:
        return "all finite"
    bad = f"NaN or infinite in {len(loaded.not_finite)} tensors: {_listed(loaded.not_finite)}"
    return click.style(bad, fg="red")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
