"""The data about a workspace in the file from which its stamp is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.environment.fix_patches import COMPAT, FixPatch, in_order
from yolopatch.catalog.pins import Pin
from yolopatch.core.workspace.commit_message import Applied, Committed
from yolopatch.errors import PatchError

_NO_DATA = "FORK = {}\n"


def fork_path(pin: Pin) -> str:
    """Return the path of that file in a workspace of the pin."""
    return f"{pin.layout.package}/utils/fork.py".lstrip("/")


def fork_data(
    pin: Pin,
    source: str,
    applied: Sequence[Applied],
    fix_patches: Mapping[FixPatch, Committed],
    version: str,
    built_on: str,
) -> dict[str, object]:
    """Return the data about a workspace.

    Args:
        source: the kind of source that the pin's content came from.
        applied: its modules, in the order of their commits.
        fix_patches: those that it has.
        version: of the yolopatch that made the workspace.
        built_on: the id of the commit below the stamp's own.
    """
    return {
        "pin": pin.name,
        "source": source,
        "modules": [{"name": a.name, "flavor": a.flavor, "patch": a.patch_sum} for a in applied],
        # always there; another patch has a key only where it is, so that workspaces without it keep their commit ids
        COMPAT.name: None,
        **{patch.name: fix_patches[patch].patch_sum for patch in in_order(fix_patches)},
        "version": version,
        "built_on": built_on,
    }


def with_data(text: str, data: Mapping[str, object]) -> str:
    """Return the text of the stamp's file with this data in it.

    Raises:
        PatchError: the file does not have the line for the data.
    """
    if text.count(_NO_DATA) != 1:
        raise PatchError(
            "the stamp's patch has no line for the data of the workspace",
            details=[f"expected: once the line {_NO_DATA.strip()!r}"],
            hint="restore it: reinstall yolopatch, or `make patches` in its checkout",
        )
    return text.replace(_NO_DATA, f"FORK = {dict(data)!r}\n")
