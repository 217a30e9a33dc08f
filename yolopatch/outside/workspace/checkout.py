"""A folder with an upstream: a workspace, or another checkout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT, FixPatch
from yolopatch.catalog.pins import PINS, Pin, style_of
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.workspace.workspace import NoWorkspaceError, Workspace, read_workspace


@dataclass(frozen=True)
class Checkout:
    """An upstream on disk.

    Attributes:
        path: its folder.
        style: how the probe imports it: `ultralytics`, `yolov5` or `yolov5-package`.
        pin: the workspace's pin; for another checkout, the pin with the same version, None without one.
        workspace: the workspace, None for another checkout.
        commit: the checked-out commit, None without git.
        blobs: the blob id of every file of that commit, by path.
    """

    path: Path
    style: str
    pin: Pin | None
    workspace: Workspace | None
    commit: str | None
    blobs: Mapping[str, str]

    @property
    def compat(self) -> bool:
        """Whether yolopatch applied the compatibility patch to it."""
        return COMPAT in self.fix_patches

    @property
    def fix_patches(self) -> tuple[FixPatch, ...]:
        """Those that yolopatch applied to it."""
        return tuple(self.workspace.fix_patches) if self.workspace else ()


def read_checkout(path: Path) -> Checkout:
    """Read the upstream in this folder.

    Raises:
        NoWorkspaceError: it contains no upstream.
    """
    try:
        workspace = read_workspace(path)
    except NoWorkspaceError as error:
        return _foreign(path, error)
    blobs = snapshot.tree_blobs(workspace.repository, workspace.tip.id)
    return Checkout(path, style_of(workspace.pin), workspace.pin, workspace, workspace.tip.id, blobs)


def _foreign(path: Path, why: NoWorkspaceError) -> Checkout:
    parsers = {pin.layout.parser: style_of(pin) for pin in PINS.values()}
    style = next((style for parser, style in parsers.items() if (path / parser).is_file()), None)
    if style is None:
        raise NoWorkspaceError(
            f"{path} contains no upstream that can be verified",
            details=[why.what, f"and it has none of these files: {', '.join(parsers)}"],
            hint="name the folder of a workspace, or a clone of ultralytics or yolov5",
        ) from why
    commit, blobs = _read_head(path)
    return Checkout(path, style, _pin_by_version(path, style), None, commit, blobs)


def _read_head(path: Path) -> tuple[str | None, Mapping[str, str]]:
    repository = Repository(path)
    try:
        (commit,) = repository.resolve("HEAD^{commit}")
        return commit, snapshot.tree_blobs(repository, commit)
    except GitError:
        return None, {}  # not a git repository, or one without commits


def _pin_by_version(path: Path, style: str) -> Pin | None:
    """Return the pin with the version of the package, None without one; the content may still differ."""
    for pin in PINS.values():
        file = path / pin.layout.package / "__init__.py"
        if style_of(pin) != style or not pin.wheel or not file.is_file():
            continue
        found = re.search(r"^__version__ = ['\"]([^'\"]+)", file.read_text("utf-8", "replace"), re.MULTILINE)
        if found and found[1] == pin.wheel.version:
            return pin
    return None
