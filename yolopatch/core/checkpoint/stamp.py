"""Read the stamp in a checkpoint. Every value is checked, because anyone can write a stamp."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from yolopatch.catalog.environment.fix_patches import COMPAT, SEEDS, FixPatch
from yolopatch.errors import YolopatchError

_SUM = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WORD = re.compile(r"[\w.+-]{1,80}")


@dataclass(frozen=True)
class StampedModule:
    """A module of the fork: its name, its flavor, and the SHA-256 sum of its patch."""

    name: str
    flavor: str
    patch: str


@dataclass(frozen=True)
class Stamped:
    """The fork that a checkpoint comes from.

    Attributes:
        pin, source, modules, compat, seeds, version: as yolopatch wrote them; `compat` and `seeds` are sums of patches,
            or None.
        built_on: the id of the commit below the stamp's own.
        commit: the newest commit of yolopatch, or None for a copy without git.
        head: the commit that was checked out, if it was another one.
        edited: files with changes that were not committed.
        yaml: the YAML of the model, or None.
        error: why the fork could not write all of this; "" if it could.
    """

    pin: str
    source: str
    modules: tuple[StampedModule, ...]
    compat: str | None
    version: str
    built_on: str
    commit: str | None
    head: str | None
    edited: tuple[str, ...]
    yaml: Mapping[str, object] | None
    error: str = ""
    seeds: str | None = None

    @property
    def fix_patches(self) -> dict[FixPatch, str]:
        """The fix patches of the fork, with their sums, in the order of their commits."""
        sums = {COMPAT: self.compat, SEEDS: self.seeds}
        return {patch: found for patch, found in sums.items() if found is not None}


class _Damaged(Exception):
    """A value in a stamp has the wrong form."""


def read_stamped(data: object) -> Stamped:
    """Return the fork in a stamp's data.

    Raises:
        YolopatchError: a part is missing, or does not have the form that yolopatch writes.
    """
    try:
        return _read(data if isinstance(data, dict) else _refuse("stamp", data))
    except _Damaged as error:
        raise YolopatchError(
            "the checkpoint's stamp is damaged, or was not written by yolopatch",
            details=[str(error)],
            hint="use a copy of the checkpoint as the training wrote it",
        ) from error


def _read(data: Mapping[str, object]) -> Stamped:
    modules = data.get("modules")
    edited = data.get("edited", [])
    yaml = data.get("yaml")
    return Stamped(
        pin=_matching(data, "pin", _WORD),
        source=_matching(data, "source", _WORD),
        modules=tuple(map(_module, modules)) if isinstance(modules, list) else _refuse("modules", modules),
        compat=_optional(data, "compat", _SUM),
        version=_matching(data, "version", _WORD),
        built_on=_matching(data, "built_on", _COMMIT),
        commit=_optional(data, "commit", _COMMIT),
        head=_optional(data, "head", _COMMIT),
        edited=tuple(map(printable, edited)) if isinstance(edited, list) else _refuse("edited", edited),
        yaml=yaml if isinstance(yaml, dict) else None,
        error=printable(data.get("error", "")),
        seeds=_optional(data, "seeds", _SUM),
    )


def _module(data: object) -> StampedModule:
    if not isinstance(data, dict):
        _refuse("modules", data)
    return StampedModule(
        _matching(data, "name", _WORD), _matching(data, "flavor", _WORD), _matching(data, "patch", _SUM)
    )


def _optional(data: Mapping[str, object], key: str, form: re.Pattern[str]) -> str | None:
    return None if data.get(key) is None else _matching(data, key, form)


def _matching(data: Mapping[str, object], key: str, form: re.Pattern[str]) -> str:
    value = data.get(key)
    return value if isinstance(value, str) and form.fullmatch(value) else _refuse(key, value)


def printable(value: object) -> str:
    """Return a value as text that is safe to print: no control characters, at most 200 characters."""
    text = value if isinstance(value, str) else repr(value)
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def _refuse(key: str, value: object) -> NoReturn:
    raise _Damaged(f"{key}: found {printable(repr(value))}")
