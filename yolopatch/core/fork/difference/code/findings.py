"""How the units of two versions of a file differ, each difference with its line and its sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.changes import ADDED, CHANGED, REMOVED
from yolopatch.core.fork.difference.code.expressions import Leaf, code, leaves, value
from yolopatch.core.fork.difference.code.sentences import (
    leaves_of,
    said_of_hunk,
    said_of_new,
    said_of_value,
)
from yolopatch.core.fork.difference.code.statements import Hunk, Line, changed_lines, is_rewritten, lines_of
from yolopatch.core.fork.difference.code.units import CLASS, CODE, FUNCTION, MAIN, VALUE, Unit
from yolopatch.core.fork.difference.code.variables import with_variables_of
from yolopatch.core.fork.folding import canonical

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """One difference.

    Attributes:
        name: of the unit, as the fork has it.
        line: in the fork's file; in the release's file for what was removed.
        kind: ADDED, CHANGED or REMOVED.
        what: one sentence.
        leaves: the parts of expressions that differ, if it is an expression.
        argument: the argument of a function whose default differs.
        hunk: the lines of a body that differ.
    """

    name: str
    line: int
    kind: str
    what: str
    leaves: tuple[Leaf, ...] = ()
    argument: str = ""
    hunk: Hunk | None = None


def findings(old: Mapping[str, Unit], new: Mapping[str, Unit]) -> list[Finding]:
    """Return how the units of a file differ, from top to bottom; those of the release first where it has no line.

    Args:
        old, new: the units of the release's file and of the fork's, both without what changes nothing (`effective`).
    """
    found = [finding for name, unit in new.items() if name in old for finding in _changed(old[name], unit)]
    found += [_added(unit) for name, unit in new.items() if name not in old and _stands_alone(unit, old, new)]
    found += [_removed(unit) for name, unit in old.items() if name not in new and _stands_alone(unit, new, old)]
    return sorted(found, key=lambda finding: (finding.line, finding.name))


def _stands_alone(unit: Unit, others: Mapping[str, Unit], own: Mapping[str, Unit]) -> bool:
    """Tell whether a unit is told by itself: it did not come or go with its class, and is no trial of its author."""
    if unit.name == MAIN:
        return False
    outer = unit.name.rpartition(".")[0]
    return not outer or outer in others or outer not in own


def _added(unit: Unit) -> Finding:
    if unit.node is None:
        hunk = Hunk((), lines_of(unit.body), unit.line)
        return Finding(unit.name, unit.line, ADDED, said_of_hunk(hunk), hunk=hunk)
    return Finding(unit.name, unit.line, ADDED, said_of_new(unit.node, is_method="." in unit.name))


def _removed(unit: Unit) -> Finding:
    if unit.node is None:
        return Finding(unit.name, unit.line, REMOVED, said_of_hunk(Hunk(lines_of(unit.body), (), unit.line)))
    if unit.sort == VALUE:
        return Finding(unit.name, unit.line, REMOVED, f"`{code(unit.node)}` is removed")
    sort = "method" if unit.sort == FUNCTION and "." in unit.name else unit.sort
    return Finding(unit.name, unit.line, REMOVED, f"the {sort} is removed")


def _changed(old: Unit, new: Unit) -> Iterator[Finding]:
    if old.sort != new.sort:
        yield Finding(new.name, new.line, CHANGED, f"is a {new.sort}, not a {old.sort}")
    elif new.sort == VALUE:
        yield from _changed_value(old, new)
    elif new.sort == FUNCTION:
        old = with_variables_of(old, new)
        yield from _changed_head(old, new)
        yield from _changed_body(old, new)
    elif new.sort == CLASS:
        yield from _changed_class(old, new)
        yield from _changed_body(old, new)
    elif new.sort == CODE:
        yield from _changed_body(old, new)


def _changed_value(old: Unit, new: Unit) -> Iterator[Finding]:
    before, after = getattr(old.node, "value"), getattr(new.node, "value")  # noqa: B009
    if canonical(before) != canonical(after):
        parts = tuple(leaves(before, after))
        line = parts[0].line if len(parts) == 1 and parts[0].line else new.line
        yield Finding(new.name, line, CHANGED, said_of_value(new.name, before, after), parts)


def _changed_class(old: Unit, new: Unit) -> Iterator[Finding]:
    assert isinstance(old.node, ast.ClassDef)
    assert isinstance(new.node, ast.ClassDef)
    if canonical(old.node.bases) != canonical(new.node.bases):
        before, after = (", ".join(map(value, node.bases)) or "object" for node in (old.node, new.node))
        parts = tuple(leaf for pair in zip(old.node.bases, new.node.bases) for leaf in leaves(*pair))
        same_count = len(old.node.bases) == len(new.node.bases)
        what = f"inherits from `{after}`, not `{before}`"
        yield Finding(new.name, new.line, CHANGED, what, parts if same_count else ())
    yield from _changed_decorators(old, new)


def _changed_head(old: Unit, new: Unit) -> Iterator[Finding]:
    yield from _changed_decorators(old, new)
    before, after = _arguments(old.node), _arguments(new.node)
    for name, (node, default) in after.items():
        if name in before and not _equal(before[name][1], default):
            what = _said_of_default(name, before[name][1], default)
            yield Finding(new.name, node.lineno, CHANGED, what, argument=name)
    come, gone = [name for name in after if name not in before], [name for name in before if name not in after]
    if come:
        texts = [f"{name}={value(default)}" if (default := after[name][1]) else name for name in come]
        yield Finding(
            new.name, after[come[0]][0].lineno, CHANGED, f"new argument{'s' * (len(texts) != 1)} {_quoted(texts)}"
        )
    if gone:
        yield Finding(new.name, new.line, CHANGED, f"without the argument{'s' * (len(gone) != 1)} {_quoted(gone)}")
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield Finding(new.name, new.line, CHANGED, f"another order of its arguments: {', '.join(after)}")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _said_of_default(name: str, old: ast.expr | None, new: ast.expr | None) -> str:
    if new is None:
        return f"`{name}` has no default; it was `{value(old)}`" if old else ""
    if old is None:
        return f"`{name}` has a default, `{value(new)}`"
    return f"the default of `{name}` is `{value(new)}`, not `{value(old)}`"


def _changed_decorators(old: Unit, new: Unit) -> Iterator[Finding]:
    before = [value(one) for one in getattr(old.node, "decorator_list", ())]
    after = [value(one) for one in getattr(new.node, "decorator_list", ())]
    if before != after:
        what = f"decorated with `{', '.join(after) or 'nothing'}`, not `{', '.join(before) or 'nothing'}`"
        yield Finding(new.name, new.line, CHANGED, what)


def _arguments(node: ast.stmt | None) -> dict[str, tuple[ast.arg, ast.expr | None]]:
    """Return the arguments of a function with their defaults."""
    assert isinstance(node, _Function)
    arguments = node.args
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(arguments.defaults)) + [*arguments.defaults]
    pairs = [*zip(placed, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]
    found: dict[str, tuple[ast.arg, ast.expr | None]] = {one.arg: (one, default) for one, default in pairs}
    for sign, rest in (("*", arguments.vararg), ("**", arguments.kwarg)):
        if rest:
            found[f"{sign}{rest.arg}"] = (rest, None)
    return found


def _equal(old: ast.AST | None, new: ast.AST | None) -> bool:
    if old is None or new is None:
        return old is new
    return canonical(old) == canonical(new)


def _changed_body(old: Unit, new: Unit) -> Iterator[Finding]:
    before, after = lines_of(old.body), lines_of(new.body)
    if [line.key for line in before] == [line.key for line in after] and canonical(old.body) == canonical(new.body):
        return
    end = int(getattr(new.node, "end_lineno", 0) or (new.body[-1].end_lineno if new.body else 0) or new.line)
    hunks = [part for hunk in changed_lines(before, after, end) for part in _split(hunk)]
    if is_rewritten(hunks, before, after):
        yield Finding(new.name, new.line, CHANGED, _said_of_rewritten(before, after))
        return
    for hunk in hunks:
        parts = tuple(leaves_of(hunk))
        line = parts[0].line if len(parts) == 1 and parts[0].line else hunk.at
        yield Finding(new.name, line, CHANGED, said_of_hunk(hunk), parts, hunk=hunk)


def _said_of_rewritten(old: Sequence[Line], new: Sequence[Line]) -> str:
    return f"rewritten: it has {len(new)} statements, and few of them are among the release's {len(old)}"


def _split(hunk: Hunk) -> Iterator[Hunk]:
    """Yield each branch that was added or removed by itself, with what stands in it."""
    lines = hunk.new or hunk.old
    if hunk.moved or (hunk.old and hunk.new) or not any(line.word == "elif" for line in lines):
        yield hunk
        return
    part: list[Line] = []
    for line in (*lines, None):
        if part and (line is None or line.word == "elif"):
            whole = tuple(part)
            yield Hunk((), whole, whole[0].line) if hunk.new else Hunk(whole, (), hunk.at)
            part = []
        if line is not None:
            part.append(line)
