"""The attributes of a pasted module that upstream overwrites."""

from __future__ import annotations

import ast

from yolopatch.core.paste.reading import Pasted
from yolopatch.wire.arguments import OVERWRITTEN


def taken_attributes(paste: Pasted, symbol: str) -> tuple[tuple[str, int], ...]:
    """Return the attributes that a class sets and parse_model overwrites, each with its line."""
    owners = [paste.classes[name] for name in (symbol, *paste.bases(symbol)) if name in paste.classes]
    found = {
        node.attr: node.lineno
        for owner in owners
        for node in ast.walk(owner)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and node.attr in OVERWRITTEN
        and ast.unparse(node.value) == "self"
    }
    return tuple(sorted(found.items()))
