"""The training script of a workspace: one call of upstream, with arguments that can be changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.reproduce.recipes import Recipe

_TEMPLATE = "training/train.py.j2"


@dataclass(frozen=True)
class Group:
    """Arguments of a training call: what they are in words, the name of their dictionary, and their values."""

    title: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Script:
    """A training script.

    Attributes:
        name: of its file.
        purpose: what it does, a sentence.
        does: what it does without an argument: `is the post's training`.
        model: the YAML as the call names it; "" if an argument names it.
        entry: the class of ultralytics that trains it.
        groups: the arguments; a later group's come after an earlier one's.
        seeded: whether it gives an upstream that has no argument for it a seed.
    """

    name: str
    purpose: str
    does: str
    model: str
    groups: tuple[Group, ...]
    seeded: bool = False
    entry: str = "YOLO"


def entry_of(head: str) -> str:
    """Return the class of ultralytics that trains models with a head of this class, as upstream documents."""
    return "RTDETR" if head == "RTDETRDecoder" else "YOLO"


def tutorial_script(recipe: Recipe) -> Script:
    """Return the script of a tutorial."""
    return Script(
        name=recipe.script,
        purpose=f"Train as the tutorial {recipe.tutorial.id} does, with every argument that the post prints.",
        does="is the post's training",
        model=recipe.model,
        groups=(
            Group("what the post prints", "PRINTED", recipe.printed),
            Group("what it does not print, and a run needs", "NOT_PRINTED", recipe.added),
        ),
    )


def script_text(script: Script, pin: Pin, env: SandboxedEnvironment) -> str:
    """Return the script's text.

    Args:
        script: what it does.
        pin: the upstream that it calls.
        env: finds the template.
    """
    return env.get_template(_TEMPLATE).render(
        script=script.name,
        purpose=script.purpose,
        does=script.does,
        style=pin.layout.style,
        package=pin.layout.package,
        model=_literal(script.model),
        groups=[(group.title, group.name, _literals(group.arguments)) for group in script.groups],
        seeded=script.seeded,
        entry=script.entry,
    )


def _literals(arguments: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(key, _literal(value)) for key, value in arguments.items()]


def _literal(value: object) -> str:
    # with double quotes, as in most code; repr would use single quotes
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def words(changes: Mapping[str, object]) -> Iterable[str]:
    """Return changes of arguments as the script's words `key=value`."""
    return [f"{key}={value}" for key, value in changes.items()]
