"""Adapt a pasted file to an upstream by edits of its text, so that everything else stays byte for byte."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yolopatch.core.edits import Edit, splice
from yolopatch.core.paste.imports import USUAL, Upstream, import_lines, other_packages
from yolopatch.core.paste.names import bound, first_line, last_line
from yolopatch.core.paste.origins.calls import FittedCall, Misfit, fit_calls
from yolopatch.core.paste.origins.known import is_inside
from yolopatch.core.paste.origins.lacking import STAR
from yolopatch.core.paste.origins.stand_ins import stand_in_code, stands_for
from yolopatch.core.paste.reading import Pasted, with_text
from yolopatch.core.paste.sifting import Sifted, Statement, Wanted, sift, unhandled_imports
from yolopatch.core.paste.text.replacing import changed
from yolopatch.core.syntax import source_of
from yolopatch.core.text import split_lines
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class Fitted:
    """A pasted file, adapted to an upstream.

    Attributes:
        text: of the adapted file.
        left_out: the removed lines: first and last line number in the pasted file, and the reason.
        imported: the imports that were added or rewritten for this upstream.
        packages: the imported packages other than Python, torch and the upstream.
        renamed: calls of upstream's classes whose arguments are given in another way: the line, and what is given.
    """

    text: str
    left_out: tuple[tuple[int, int, str], ...]
    imported: tuple[str, ...]
    packages: tuple[str, ...]
    renamed: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class _Rewritten:
    """An import, the statement that it is in, and its lines for an upstream."""

    statement: Statement
    node: ast.Import | ast.ImportFrom
    lines: tuple[str, ...]


def fit(paste: Pasted, wanted: Wanted, upstream: Upstream) -> Fitted:
    """Return the file, adapted to an upstream: importing it runs nothing, and every name is defined or imported.

    Raises:
        UsageError: the class needs a name that neither the file nor this upstream has, or gives one of upstream's
            classes an argument that it does not have there.
    """
    sifted = sift(paste, wanted, upstream, USUAL)
    calls = _fitted_calls(paste, sifted, wanted, upstream)
    if calls:
        paste = with_text(paste, changed(paste.text, (change for one in calls for change in one.changes)))
        sifted = sift(paste, wanted, upstream, USUAL)
    rewritten = list(_rewritten(paste, sifted, wanted, upstream))
    missing = sorted(sifted.needs - (sifted.binds - {STAR}))
    added = [
        *(USUAL[name] for name in missing if name in USUAL),
        *import_lines(
            (ast.alias(name) for name in missing if name not in USUAL and name in upstream.defined_in), upstream
        ),
    ]
    edits = [_edit(paste, _top(paste), 0, dict.fromkeys(added)), *_edits(paste, sifted, rewritten)]
    return Fitted(
        text=_edited(paste.text, edits),
        left_out=tuple(sorted((one.line, last_line(one.node), why) for one, why in sifted.dropped)),
        imported=tuple(dict.fromkeys(_imports([*added, *(line for one in rewritten for line in one.lines)]))),
        packages=tuple(dict.fromkeys(_packages(paste, sifted, wanted, added))),
        renamed=tuple((one.call.lineno, f"{one.name}({one.said})") for one in calls),
    )


def _fitted_calls(paste: Pasted, sifted: Sifted, wanted: Wanted, upstream: Upstream) -> list[FittedCall]:
    """Return the calls of upstream's classes that this upstream takes otherwise.

    Raises:
        UsageError: the class, or what it needs, gives an argument that this upstream does not have.
    """
    statements = {one.live: one for one in sifted.kept}
    found: list[FittedCall] = []
    for node, call in fit_calls(paste, statements, upstream, wanted.packages):
        if isinstance(call, FittedCall):
            found.append(call)
        elif statements[node].binds & sifted.needed:
            raise _refused(paste, wanted, call, upstream)
    return found


def _refused(paste: Pasted, wanted: Wanted, misfit: Misfit, upstream: Upstream) -> UsageError:
    line = misfit.call.lineno
    return UsageError(
        f"{wanted.symbol} cannot be added to {upstream.name}: it gives {misfit.name} {misfit.why}",
        details=[
            f"expected: {misfit.name}{misfit.takes}",
            f"found:    {paste.place(line)}: {paste.line(line).strip()}",
        ],
        hint=f"use a pin whose {misfit.name} takes it, or write the call for this one: line {paste.place(line).line}",
    )


def _imports(lines: list[str]) -> Iterator[str]:
    """Yield the imports in these lines, and the first lines of definitions that replace an import."""
    heads = ("import ", "from ", "class ", "def ")
    return (
        part.strip()
        for line in lines
        for part in line.split("\n")
        if part.lstrip().startswith(heads) and "self" not in part
    )


def _edits(paste: Pasted, sifted: Sifted, rewritten: list[_Rewritten]) -> Iterator[Edit]:
    """Yield the edits for removed and rewritten statements; other statements on the same line stay."""
    lines: dict[Statement, tuple[str, ...]] = {one: () for one, _ in sifted.dropped}
    for one in rewritten:
        if one.node is one.statement.node:
            lines[one.statement] = one.lines
        else:  # inside another statement, such as a try
            yield _edit(paste, one.node.lineno - 1, last_line(one.node) - one.node.lineno + 1, one.lines)
    on_line: dict[int, list[Statement]] = {}
    for statement in (*sifted.kept, *(one for one, _ in sifted.dropped)):
        on_line.setdefault(statement.line, []).append(statement)
    source = split_lines(paste.text)
    for line in {one.line for one in lines}:
        there = sorted(on_line[line], key=lambda one: one.node.col_offset)
        text = [part for one in there for part in (lines[one] if one in lines else (source_of(source, one.node),))]
        yield _edit(paste, line - 1, max(last_line(one.node) for one in there) - line + 1, text)


def _rewritten(paste: Pasted, sifted: Sifted, wanted: Wanted, upstream: Upstream) -> Iterator[_Rewritten]:
    """Yield the imports from upstream and from small packages, rewritten for this upstream."""
    for one in sifted.kept:
        for node in one.imports:
            inside = is_inside(node, wanted.packages)
            if isinstance(one.node, ast.Try) and inside and not _has_all(node, upstream):
                continue  # its except branch handles the missing import
            stands = stands_for(node, paste.tree)
            if stands:
                lines = _with_stand_ins(node, stands)
            elif inside:
                lines = import_lines(_needed(node, sifted, upstream), upstream)
            else:
                continue
            line = split_lines(paste.text)[node.lineno - 1]
            margin = line[: len(line) - len(line.lstrip())]
            lines = lines or (["pass"] if node is not one.node else [])
            yield _Rewritten(one, node, tuple(f"{margin}{one}" if one else "" for one in lines))


def _with_stand_ins(node: ast.Import | ast.ImportFrom, stands: tuple[ast.alias, ...]) -> list[str]:
    """Return the lines of an import with code for some of its names; the other names stay imported."""
    lines = "\n\n\n".join(stand_in_code(node, stands)).splitlines()
    rest = [alias for alias in node.names if alias not in stands]
    if not rest:
        return lines
    assert isinstance(node, ast.ImportFrom)
    return [ast.unparse(ast.ImportFrom(node.module, rest, node.level)), *lines]


def _has_all(node: ast.Import | ast.ImportFrom, upstream: Upstream) -> bool:
    return all(alias.name in upstream.defined_in for alias in node.names)


def _needed(node: ast.Import | ast.ImportFrom, sifted: Sifted, upstream: Upstream) -> list[ast.alias]:
    """Return the names of an import that this upstream has; for `import *`, the names that nothing else defines."""
    if node.names[0].name == STAR:
        return [ast.alias(n) for n in sorted(sifted.needs - sifted.binds - {*USUAL}) if n in upstream.defined_in]
    return [alias for alias in node.names if alias.name in upstream.defined_in]


def _packages(paste: Pasted, sifted: Sifted, wanted: Wanted, added: list[str]) -> Iterator[str]:
    nodes = [node for one in sifted.kept for node in one.imports if not isinstance(one.node, ast.Try)]
    nodes += [node for one in sifted.kept for node, _ in unhandled_imports(one.node) if bound(node) & sifted.needed]
    for node in (*nodes, *(ast.parse(line).body[0] for line in added)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and len(stands_for(node, paste.tree)) < len(node.names):
            yield from other_packages(node, wanted.packages)


def _top(paste: Pasted) -> int:
    """Return the index from 0 of the line before which an import can be added."""
    body = paste.tree.body
    future = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    imports = [n for n in body if isinstance(n, (ast.Import, ast.ImportFrom)) and n not in future]
    if imports:
        return first_line(imports[0]) - 1
    head = [*([body[0]] if ast.get_docstring(paste.tree) is not None else []), *future]
    if head:
        return max(map(last_line, head))
    lines = split_lines(paste.text)
    return next((n for n, line in enumerate(lines[:2]) if not line.startswith("#")), min(2, len(lines)))


def _edit(paste: Pasted, at: int, replaces: int, lines: Iterable[str]) -> Edit:
    """Return the edit that puts these lines into the file, with the line ends of the file."""
    text = "".join(f"{line}\n" for line in lines)
    return Edit(paste.name, at, text.replace("\n", _line_end(paste.text)), replaces)


def _edited(text: str, edits: list[Edit]) -> str:
    edited = splice(text, sorted(edits, key=lambda edit: (edit.at, edit.end)))
    return edited if edited.endswith("\n") or not edited else edited + _line_end(text)


def _line_end(text: str) -> str:
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
