"""Commit messages of a workspace: their trailers store its state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

COMPAT_SUBJECT = "Run on newer libraries"
COMPAT_BODY = "Mends what they break, for old and new ones alike. What is computed stays the same."
SEEDS_SUBJECT = "Let the seed reach the workers"
SEEDS_BODY = "Images are loaded in another order and augmented in another way for another seed, as with newer releases."
STAMP_SUBJECT = "Stamp checkpoints"
STAMP_BODY = "Every checkpoint that is saved says which fork made it. What is computed stays the same."
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
class Compat:
    """The compatibility patch of a workspace, from the trailers of its commit."""

    patch_sum: str
    version: str


@dataclass(frozen=True)
class Seeds:
    """The seed patch of a workspace, from the trailers of its commit."""

    patch_sum: str
    version: str


@dataclass(frozen=True)
class Stamp:
    """The patch that stamps checkpoints, from the trailers of its commit."""

    patch_sum: str
    version: str


_Patch = TypeVar("_Patch", Compat, Seeds, Stamp)


def compat_message(pin: str, compat: Compat) -> str:
    """Return the message of the commit with the compatibility fixes."""
    return _patch_message(pin, COMPAT_SUBJECT, COMPAT_BODY, "Compat", compat)


def seeds_message(pin: str, seeds: Seeds) -> str:
    """Return the message of the commit that lets the seed reach the loader's workers."""
    return _patch_message(pin, SEEDS_SUBJECT, SEEDS_BODY, "Seeds", seeds)


def stamp_message(pin: str, stamp: Stamp) -> str:
    """Return the message of the commit that stamps checkpoints."""
    return _patch_message(pin, STAMP_SUBJECT, STAMP_BODY, "Stamp", stamp)


def _patch_message(pin: str, subject: str, body: str, trailer: str, patch: Compat | Seeds | Stamp) -> str:
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


def read_compat(message: str) -> Compat | None:
    """Return the compatibility patch if the commit with this message is one, else None."""
    return _read_patch(message, "Compat", Compat)


def read_seeds(message: str) -> Seeds | None:
    """Return the seed patch if the commit with this message is one, else None."""
    return _read_patch(message, "Seeds", Seeds)


def read_stamp(message: str) -> Stamp | None:
    """Return the stamp's patch if the commit with this message is one, else None."""
    return _read_patch(message, "Stamp", Stamp)


def _read_patch(message: str, trailer: str, kind: type[_Patch]) -> _Patch | None:
    trailers = read_trailers(message)
    if trailer not in trailers:
        return None
    return kind(trailers[trailer].removeprefix("sha256:"), trailers.get("Version", ""))
