"""Make a pasted file fit for an upstream: by places in its text, so that everything else stays byte for byte."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.core.paste.imports import USUAL, Upstream, import_lines, is_upstreams, strangers, timms
from yolopatch.core.paste.names import first_line
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.sifting import STAR, Sifted, Statement, sift
from yolopatch.core.text import split_lines


@dataclass(frozen=True)
class Fitted:
    """A pasted file as an upstream gets it.

    Attributes:
        text: the file's.
        left_out: the lines that are not in it, by their numbers in the pasted file, with the reason.
        imported: the imports that were added, or written anew for this upstream.
        packages: what it imports beyond Python, torch and the upstream.
    """

    text: str
    left_out: tuple[tuple[int, int, str], ...]
    imported: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True)
class _Edit:
    """Lines to put in the place of those from `start` to before `end`, counted from 0."""

    start: int
    end: int
    lines: tuple[str, ...] = ()


def fit(paste: Pasted, symbol: str, upstream: Upstream) -> Fitted:
    """Return the file as this upstream gets it: nothing runs by itself, every name is to be had.

    Raises:
        UsageError: the class needs what is not to be had.
    """
    sifted = sift(paste, symbol, upstream, USUAL)
    rewritten = list(_rewritten(paste, sifted, upstream))
    missing = sorted(sifted.needs - (sifted.binds - {STAR}))
    added = [
        *(USUAL[name] for name in missing if name in USUAL),
        *import_lines((ast.alias(name) for name in missing if name not in USUAL and name in upstream.places), upstream),
    ]
    removed = [_without(paste, sifted, one) for one, _ in sifted.dropped]
    place = _top(paste)
    edits = [*removed, *rewritten, _Edit(place, place, tuple(dict.fromkeys(added)))]
    return Fitted(
        text=_edited(paste.text, edits),
        left_out=tuple(sorted((one.line, one.node.end_lineno, why) for one, why in sifted.dropped)),
        imported=tuple(dict.fromkeys(_imports([*added, *(line for edit in rewritten for line in edit.lines)]))),
        packages=tuple(dict.fromkeys(_packages(sifted, added))),
    )


def _imports(lines: list[str]) -> Iterator[str]:
    """Yield the imports of these lines, and the heads of what stands for an import."""
    heads = ("import ", "from ", "class ", "def ")
    return (
        part.strip()
        for line in lines
        for part in line.split("\n")
        if part.lstrip().startswith(heads) and "self" not in part
    )


def _without(paste: Pasted, sifted: Sifted, one: Statement) -> _Edit:
    """Take a statement out; what shares its line, behind a semicolon, stays."""
    beside = [have.node for have in sifted.kept if have.line == one.line]
    stays = "; ".join(ast.get_source_segment(paste.text, node) or "" for node in beside)
    return _Edit(one.line - 1, one.node.end_lineno, (stays,) if stays else ())


def _rewritten(paste: Pasted, sifted: Sifted, upstream: Upstream) -> Iterator[_Edit]:
    """Yield the imports of upstream's and of timm's, as this upstream has them."""
    for one in sifted.kept:
        for node in one.imports:
            if isinstance(one.node, ast.Try) and is_upstreams(node) and not _has_all(node, upstream):
                continue  # it says itself what to do without
            stands = timms(node)
            if stands is not None:
                lines = stands.splitlines()
            elif is_upstreams(node):
                lines = import_lines(_needed(node, sifted, upstream), upstream)
            else:
                continue
            line = split_lines(paste.text)[node.lineno - 1]
            margin = line[: len(line) - len(line.lstrip())]
            lines = lines or (["pass"] if node is not one.node else [])
            yield _Edit(node.lineno - 1, node.end_lineno, tuple(f"{margin}{one}" if one else "" for one in lines))


def _has_all(node: ast.Import | ast.ImportFrom, upstream: Upstream) -> bool:
    return all(alias.name in upstream.places for alias in node.names)


def _needed(node: ast.Import | ast.ImportFrom, sifted: Sifted, upstream: Upstream) -> list[ast.alias]:
    """Return the names of an import that something uses; of an import of everything, those that nothing else gives."""
    if node.names[0].name == STAR:
        return [ast.alias(n) for n in sorted(sifted.needs - sifted.binds - {*USUAL}) if n in upstream.places]
    return [alias for alias in node.names if alias.name in upstream.places]


def _packages(sifted: Sifted, added: list[str]) -> Iterator[str]:
    nodes = [node for one in sifted.kept for node in one.imports if not isinstance(one.node, ast.Try)]
    for node in (*nodes, *(ast.parse(line).body[0] for line in added)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and timms(node) is None:
            yield from strangers(node)


def _top(paste: Pasted) -> int:
    """Return the line before which an import may be added, counted from 0."""
    body = paste.tree.body
    future = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    imports = [n for n in body if isinstance(n, (ast.Import, ast.ImportFrom)) and n not in future]
    if imports:
        return first_line(imports[0]) - 1
    head = [*([body[0]] if ast.get_docstring(paste.tree) is not None else []), *future]
    if head:
        return max(node.end_lineno for node in head)
    lines = split_lines(paste.text)
    return next((n for n, line in enumerate(lines[:2]) if not line.startswith("#")), min(2, len(lines)))


def _edited(text: str, edits: list[_Edit]) -> str:
    lines = split_lines(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    # an insertion stands before what is replaced at the same line
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        lines[edit.start : edit.end] = [line + end for line in "\n".join(edit.lines).split("\n")] if edit.lines else []
    edited = "".join(lines)
    return edited if edited.endswith("\n") or not edited else edited + end
