"""What `--json` prints of the fix patches of a workspace."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, ClassVar, Protocol

from yolopatch.catalog.environment.fix_patches import FixPatch, flags


class HasFixPatches(Protocol):
    """A dataclass that says which fix patches a workspace has."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def fix_patches(self) -> tuple[FixPatch, ...]:
        """They, in the order of their commits."""


def with_flags(result: HasFixPatches) -> dict[str, object]:
    """Return a result as a dictionary: in place of `fix_patches`, a key for each patch, true where it is there."""
    data = asdict(replace(result, fix_patches=()))
    told: dict[str, object] = {}
    for key, value in data.items():
        told.update(flags(result.fix_patches) if key == "fix_patches" else {key: value})
    return told
