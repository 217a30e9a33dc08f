"""A folder with an upstream: a workspace, or another checkout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT, FixPatch
from yolopatch.catalog.pins import PINS, Pin, style_of
from yolopatch.core.text import blob_id
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.source.manifests import read_manifest
from yolopatch.outside.workspace.workspace import NoWorkspaceError, Workspace, read_workspace

# Pasted modules and an edited loss change five of the 33 files of yolov5 6.1; releases differ in most of them.
_MOST = 0.75
_VERSION = re.compile(r"^__version__ = ['\"]([\w.+!-]{1,40})['\"]", re.MULTILINE)


@dataclass(frozen=True)
class Checkout:
    """An upstream on disk.

    Attributes:
        path: its folder.
        style: how the probe imports it: `ultralytics`, `yolov5` or `yolov5-package`.
        pin: the workspace's pin; for another checkout, the pin with the same version, or with most of
            its files where it names no version; None without one.
        workspace: the workspace, None for another checkout.
        commit: the checked-out commit, None without git.
        version: what its files say of its version, or the pin's where they say nothing; "" where nobody knows.
        blobs: the blob id of every file of that commit, by path.
    """

    path: Path
    style: str
    pin: Pin | None
    workspace: Workspace | None
    commit: str | None
    version: str
    blobs: Mapping[str, str]

    @property
    def release(self) -> str:
        """The upstream and the version; "" where that is not known."""
        return f"{self.style.removesuffix('-package')} {self.version}" if self.version else ""

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
    style = style_of(workspace.pin)
    return Checkout(path, style, workspace.pin, workspace, workspace.tip.id, read_version(path, style), blobs)


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
    version = read_version(path, style)
    pin = _pin_of(style, version) if version else _pin_by_files(path, style)
    return Checkout(path, style, pin, None, commit, version or (pin.version if pin else ""), blobs)


def _read_head(path: Path) -> tuple[str | None, Mapping[str, str]]:
    repository = Repository(path)
    try:
        (commit,) = repository.resolve("HEAD^{commit}")
        return commit, snapshot.tree_blobs(repository, commit)
    except GitError:
        return None, {}  # not a git repository, or one without commits


def read_version(path: Path, style: str) -> str:
    """Return the version that a checkout's package names; "" where it names none. The content may still differ."""
    package = next(pin.layout.package for pin in PINS.values() if style_of(pin) == style)
    file = path / package / "__init__.py"
    found = _VERSION.search(file.read_text("utf-8", "replace")) if file.is_file() else None
    return found[1] if found else ""


def _pin_by_files(path: Path, style: str) -> Pin | None:
    """Return the pin of which a checkout has most Python files as they are: a clone of yolov5 names no version."""
    for pin in PINS.values():
        if style_of(pin) == style and not pin.wheel:
            code = {name: blob for name, blob in read_manifest(pin).items() if name.endswith(".py")}
            if sum(_is_blob(path / name, blob) for name, blob in code.items()) >= _MOST * len(code):
                return pin
    return None


def _is_blob(file: Path, blob: str) -> bool:
    """Return whether a file has this git blob id, as it is or with the line ends that git may have changed."""
    if not file.is_file():
        return False
    content = file.read_bytes()
    return blob in (blob_id(content), blob_id(content.replace(b"\r\n", b"\n")))


def _pin_of(style: str, version: str) -> Pin | None:
    pins = (pin for pin in PINS.values() if style_of(pin) == style and pin.wheel)
    return next((pin for pin in pins if pin.wheel and pin.wheel.version == version), None)
