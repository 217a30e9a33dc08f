"""Commit messages of a workspace: their trailers store its state."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch

STAMP_SUBJECT = "Stamp checkpoints"
STAMP_BODY = "Every checkpoint that is saved says which fork made it. What is computed stays the same."
_STAMP = "Stamp"  # its trailer
_TRAILER = re.compile(r"^Yolopatch-([A-Za-z]+): (.*)$", re.MULTILINE)
_PAPER = re.compile(r"[^\n]*\n\n(.*)\.\n\nYolopatch-", re.DOTALL)


@dataclass(frozen=True)
class Applied:
    """A module of a workspace, from the message of its commit.

    Attributes:
        patch_sum: the SHA-256 of the text of its patch.
        version: of the yolopatch that made the commit.
        paper: where the module comes from.
    """

    name: str
    flavor: str
    patch_sum: str
    version: str
    paper: str


@dataclass(frozen=True)
class Committed:
    """A patch of a workspace that is no module's, from the trailers of its commit.

    Attributes:
        patch_sum: the SHA-256 of its text.
        version: of the yolopatch that made the commit.
    """

    patch_sum: str
    version: str


def fix_message(pin: str, patch: FixPatch, committed: Committed) -> str:
    """Return the message of the commit of a fix patch."""
    return _patch_message(pin, patch.subject, patch.body, patch.trailer, committed)


def stamp_message(pin: str, stamp: Committed) -> str:
    """Return the message of the commit that stamps checkpoints."""
    return _patch_message(pin, STAMP_SUBJECT, STAMP_BODY, _STAMP, stamp)


def _patch_message(pin: str, subject: str, body: str, trailer: str, patch: Committed) -> str:
    return (
        f"{subject}\n\n{body}\n\n"
        f"Yolopatch-Pin: {pin}\n"
        f"Yolopatch-{trailer}: sha256:{patch.patch_sum}\n"
        f"Yolopatch-Version: {patch.version}\n"
    )


def module_message(pin: str, applied: Applied) -> str:
    """Return the message of the commit that adds this module."""
    return (
        f"Add {applied.name} ({applied.flavor})\n\n{applied.paper}.\n\n"
        f"Yolopatch-Pin: {pin}\n"
        f"Yolopatch-Module: {applied.name}\n"
        f"Yolopatch-Flavor: {applied.flavor}\n"
        f"Yolopatch-Patch: sha256:{applied.patch_sum}\n"
        f"Yolopatch-Version: {applied.version}\n"
    )


def read_trailers(message: str) -> dict[str, str]:
    """Return the trailers of a message, by name without `Yolopatch-`."""
    return dict(_TRAILER.findall(message))


def read_applied(message: str) -> Applied | None:
    """Return the module that the commit with this message adds, or None."""
    trailers = read_trailers(message)
    if "Module" not in trailers:
        return None
    paper = _PAPER.match(message)
    return Applied(
        trailers["Module"],
        trailers.get("Flavor", "paper"),
        trailers.get("Patch", "").removeprefix("sha256:"),
        trailers.get("Version", ""),
        paper[1] if paper else "",
    )


def read_fix_patch(message: str) -> tuple[FixPatch, Committed] | None:
    """Return the fix patch that the commit with this message has, or None."""
    for patch in FIX_PATCHES:
        found = _read_patch(message, patch.trailer)
        if found:
            return patch, found
    return None


def read_stamp(message: str) -> Committed | None:
    """Return the stamp's patch if the commit with this message is one, else None."""
    return _read_patch(message, _STAMP)


def _read_patch(message: str, trailer: str) -> Committed | None:
    trailers = read_trailers(message)
    if trailer not in trailers:
        return None
    return Committed(trailers[trailer].removeprefix("sha256:"), trailers.get("Version", ""))
