"""The modules of a workspace, as the user chose them or as its commits have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yolopatch.core.workspace.commit_message import Applied


@dataclass(frozen=True)
class Choice:
    """A module and its flavor, as the user chose it or as the workspace has it."""

    name: str
    flavor: str


def applied_choices(applied: Iterable[Applied]) -> tuple[Choice, ...]:
    """Return the modules of a workspace, each with its flavor."""
    return tuple(Choice(one.name, one.flavor) for one in applied)
