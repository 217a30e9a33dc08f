"""The heads of a release, for which it asks by class: which of them a head of a fork takes the place of."""

from __future__ import annotations

import ast

from yolopatch.core.fork.rebuild.parser import Parser
from yolopatch.core.fork.rebuild.scope import Local, Scope

# Detect last: each of the others is one, too
_HEADS = ("Segment", "Pose", "OBB", "Classify", "RTDETRDecoder", "v10Detect", "Detect")
_WORDS = {"Segment": ("seg",), "Pose": ("pose",), "OBB": ("obb",), "RTDETRDecoder": ("rtdetr", "decoder")}


def stands_for(parser: Parser, name: str, one: Local) -> str:
    """Return the head of upstream that a fork's head stands for; "" if it is one by its bases, or no head at all.

    Args:
        parser: of the fork.
        name: as the last row of a YAML has it.
        one: its definition.
    """
    above = _ancestors(parser.scope, one)
    known = next((head for head in _HEADS if head in above or head == one.name), "")
    if known:
        return known
    beside = parser.beside(name) & set(_HEADS)
    spoken = next((head for head, words in _WORDS.items() if any(word in name.lower() for word in words)), "Detect")
    return spoken if spoken in beside else "Detect" if "Detect" in beside else next(iter(sorted(beside)), "")


def _ancestors(scope: Scope, one: Local) -> set[str]:
    """Return the names of the classes of the tree that a class is made of."""
    found: set[str] = set()
    todo = [one]
    while todo:
        part = todo.pop()
        code = scope.code(part.path)
        node = code.bindings[part.place].node if code else None
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            meaning = scope.meaning(part.path, base.id, part.place) if isinstance(base, ast.Name) else None
            if isinstance(meaning, Local) and meaning.name not in found:
                found.add(meaning.name)
                todo.append(meaning)
    return found
