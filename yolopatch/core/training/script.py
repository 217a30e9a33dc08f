"""The training script of a tutorial: the post's call, with arguments that can be changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.reproduce.recipes import Recipe

_TEMPLATE = "training/train.py.j2"


def script_text(recipe: Recipe, pin: Pin, env: SandboxedEnvironment) -> str:
    """Return the script's text.

    Args:
        recipe: of the tutorial.
        pin: the upstream that the script calls.
        env: finds the template.
    """
    return env.get_template(_TEMPLATE).render(
        tutorial=recipe.tutorial.id,
        script=recipe.script,
        style=pin.layout.style,
        package=pin.layout.package,
        model=_literal(recipe.model),
        groups=(
            ("what the post prints", "PRINTED", _literals(recipe.printed)),
            ("what it does not print, and a run needs", "NOT_PRINTED", _literals(recipe.added)),
        ),
    )


def _literals(arguments: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(key, _literal(value)) for key, value in arguments.items()]


def _literal(value: object) -> str:
    # with double quotes, as in most code; repr would use single quotes
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def words(changes: Mapping[str, object]) -> Iterable[str]:
    """Return changes of arguments as the script's words `key=value`."""
    return [f"{key}={value}" for key, value in changes.items()]
