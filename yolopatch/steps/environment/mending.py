"""How a user gets a fix patch into a workspace; one of a reproduction or a grid belongs to what made it."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.catalog.pins import Pin
from yolopatch.core.ablate.grid import KEYS
from yolopatch.core.reproduce.reproduction import RECORD, WORKSPACE, folder_options, read_record
from yolopatch.outside.ablate.grid_folder import grid_around
from yolopatch.outside.files.existing import read_if_there
from yolopatch.wire import shell


def mend_command(patch: FixPatch, pin: Pin, tree: Path | None, workspace: str) -> str:
    """Return the command that gives a pin a fix patch; for a workspace of a grid, what to write into its file.

    A reproduction or a grid refuses a workspace with other patches than it was made with.

    Args:
        patch: the patch.
        pin: the upstream.
        tree: the checkout; None without one.
        workspace: what `apply` is told in place of a folder that is no other command's.
    """
    return (
        tree and (_of_reproduction(patch, tree) or _of_grid(patch, tree))
    ) or f"yolopatch apply --repo {pin.name} {patch.option} --dest {workspace}"


def _of_reproduction(patch: FixPatch, tree: Path) -> str:
    """Return the command for a folder with the patch: an existing folder cannot get it later."""
    folder = tree.parent
    content = read_if_there(folder / RECORD) if tree.name == WORKSPACE else None
    record = read_record(content) if content else None
    if record is None:
        return ""
    other = folder.with_name(f"{folder.name}-{patch.name}")
    options = folder_options(record.flavor, record.repo, (*record.fix_patches, patch), other)
    return shell.join(["yolopatch", "reproduce", record.tutorial, *options])


def _of_grid(patch: FixPatch, tree: Path) -> str:
    folder = grid_around(tree)
    return (
        f"write {KEYS[patch.name]} = true into the file of the grid, and name another folder with --dest"
        if folder
        else ""
    )
