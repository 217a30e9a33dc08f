"""One sentence for each difference of code, with the new and the old value where it is a value."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yolopatch.core.fork.difference.code.expressions import Leaf, code, leaves, plain_members, value
from yolopatch.core.fork.difference.code.statements import Hunk, Line

_WHOLE = 90  # characters up to which a statement is shown as a whole
_CONTEXT = 36  # characters of a longer statement before and behind what differs
_NAMED = 12  # members of a list that are named


def said_of_hunk(hunk: Hunk) -> str:
    """Return what lines of a body stand for which others."""
    if hunk.moved:
        return f"`{text_of(hunk.new[0])}` stands in another block"
    if not hunk.old:
        return _said_of_lines(hunk.new, "added")
    if not hunk.new:
        return _said_of_lines(hunk.old, "removed")
    if hunk.is_pair:
        return said_of_change(text_of(hunk.old[0]), text_of(hunk.new[0]), leaves_of(hunk))
    return f"{_counted(hunk.new)} instead of {_counted(hunk.old)}"


def leaves_of(hunk: Hunk) -> list[Leaf]:
    """Return the smallest parts by which the one line of a hunk differs from the other; none for any other hunk."""
    if not hunk.is_pair:
        return []
    old, new = hunk.old[0].head, hunk.new[0].head
    return [leaf for a, b in zip(old, new) for leaf in leaves(a, b)] if len(old) == len(new) else []


def said_of_change(old: str, new: str, parts: Sequence[Leaf]) -> str:
    """Return how code is another one, from both texts and the parts that differ."""
    if len(parts) == 1:
        members = plain_members(parts[0].old, parts[0].new) if parts[0].old and parts[0].new else None
        if members:
            return _said_of_members(*members, new)
        if max(len(old), len(new)) > _WHOLE and parts[0].name:
            return f"{said_of_leaf(parts[0])}, in `{_start(new)}`"
    if max(len(old), len(new)) <= _WHOLE:
        return f"`{new}`, not `{old}`"
    shown, before = narrowed(new, old)
    return f"`{shown}`, not `{before}`"


def said_of_leaf(leaf: Leaf) -> str:
    """Return how a named value differs."""
    if leaf.old is None:
        return f"`{leaf.name}={value(leaf.node)}` is added"
    if leaf.new is None:
        return f"`{leaf.name}={value(leaf.node)}` is removed"
    return f"`{leaf.name}` is `{value(leaf.new)}`, not `{value(leaf.old)}`"


def said_of_value(name: str, old: ast.AST, new: ast.AST) -> str:
    """Return how the value of a name differs: by members or entries where it has many."""
    parts = leaves(old, new)
    members = plain_members(old, new)
    if members:
        return _said_of_members(*members, name)
    if len(parts) <= 2 and all(leaf.name for leaf in parts):
        return "; ".join(map(said_of_leaf, parts)) + f", in `{name}`"
    new_text, old_text = code(new, 10_000), code(old, 10_000)
    if max(len(new_text), len(old_text)) > _WHOLE:
        new_text, old_text = narrowed(new_text, old_text)
    return f"`{name}` is `{new_text}`, not `{old_text}`"


def said_of_new(node: ast.stmt, *, is_method: bool) -> str:
    """Return what a definition is that the release does not have."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(code(base, 40) for base in node.bases)
        return f"new class, a `{bases}`" if bases else "new class"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        call = f"{node.name}({_flat_arguments(node)})"
        return f"new method `{call}`" if is_method else f"new function `{call}`"
    return f"new: `{code(node)}`"


def text_of(line: Line) -> str:
    """Return a line as code; of a head, what stands before its body."""
    if not line.word:
        return code(line.node, 10_000)
    if line.word in ("else", "try", "finally"):
        return f"{line.word}:"
    head = [code(part, 10_000) for part in line.head]
    if line.word.startswith(("def ", "class ")):
        return f"{line.word}({head[-1] if head else ''})"
    if line.word.startswith("except"):
        name = line.word.removeprefix("except").strip()
        return " ".join(["except", *head, *(["as", name] if name else [])]) + ":"
    if line.word == "for":
        return f"for {head[0]} in {head[1]}:"
    return f"{line.word} {', '.join(head)}:"


def named(names: Sequence[str]) -> str:
    """Return names one after the other; of many the first ones, and how many more."""
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _flat_arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ", ".join(one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))


def _said_of_members(added: Sequence[str], removed: Sequence[str], where: str) -> str:
    parts = [f"{named(added)} added"] if added else []
    parts += [f"{named(removed)} removed"] if removed else []
    return f"{', '.join(parts)}, in `{_start(where)}`"


def _said_of_lines(lines: Sequence[Line], became: str) -> str:
    """Return that a run of lines came or went: the first two as code, and how many more."""
    shown = "; ".join(f"`{_cut(text_of(line))}`" for line in lines[:2])
    more = len(lines) - 2
    if more > 0:
        return f"{shown} and {more} more statement{'s' * (more != 1)} are {became}"
    return f"{shown} are {became}" if len(lines) > 1 else f"{shown} is {became}"


def _counted(lines: Sequence[Line]) -> str:
    text, more = f"`{_cut(text_of(lines[0]))}`", len(lines) - 1
    return f"{text} and {more} more statement{'s' * (more != 1)}" if more else text


def _cut(text: str) -> str:
    return text if len(text) <= _WHOLE else f"{text[: _WHOLE - 1].rstrip()}…"


def _start(text: str) -> str:
    return text if len(text) <= _CONTEXT else f"{text[: _CONTEXT - 1].rstrip()}…"


def narrowed(first: str, second: str) -> tuple[str, str]:
    """Return two texts around where they differ."""
    same = next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))
    start = _word_start(first, max(same - _CONTEXT, 0)) if same > _CONTEXT else 0
    left = "…" if start else ""
    ends = zip(reversed(first[same:]), reversed(second[same:]))
    behind = next((n for n, (a, b) in enumerate(ends) if a != b), min(len(first), len(second)) - same)
    texts = [text[start : len(text) - max(behind - _CONTEXT, 0)] for text in (first, second)]
    right = "…" if behind > _CONTEXT else ""
    shown = [_middle_cut(text) for text in texts]
    return f"{left}{shown[0]}{right}", f"{left}{shown[1]}{right}"


def _word_start(text: str, at: int) -> int:
    """Return where the next word begins, so that no word is cut."""
    found = text.find(" ", at, at + _CONTEXT)
    return found + 1 if found >= 0 else at


def _middle_cut(text: str) -> str:
    most = 2 * _WHOLE
    return text if len(text) <= most else f"{text[: most - _CONTEXT].rstrip()} … {text[-_CONTEXT:].lstrip()}"
