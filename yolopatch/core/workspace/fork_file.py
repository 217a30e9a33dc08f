"""The data about a workspace in the file from which its stamp is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.pins import Pin
from yolopatch.core.workspace.commit_message import Applied, Compat, Seeds
from yolopatch.errors import PatchError

_NO_DATA = "FORK = {}\n"


def fork_data(
    pin: Pin,
    source: str,
    applied: Sequence[Applied],
    compat: Compat | None,
    version: str,
    built_on: str,
    seeds: Seeds | None = None,
) -> dict[str, object]:
    """Return the data about a workspace.

    Args:
        source: the kind of source that the pin's content came from.
        applied: its modules, in the order of their commits.
        compat: its compatibility patch, or None.
        version: of the yolopatch that made the workspace.
        built_on: the id of the commit below the stamp's own.
        seeds: its seed patch; without one the data have no such entry, so that other workspaces keep their commit ids.
    """
    return {
        "pin": pin.name,
        "source": source,
        "modules": [{"name": a.name, "flavor": a.flavor, "patch": a.patch_sum} for a in applied],
        "compat": compat.patch_sum if compat else None,
        **({"seeds": seeds.patch_sum} if seeds else {}),
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
