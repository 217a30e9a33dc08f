"""Several files of one post as one: each before those that import from it, and the imports between them resolved."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from yolopatch.core.paste.reading import Pasted, with_text
from yolopatch.core.paste.siblings.links import STAR, Link, Links, link, uses_of_files
from yolopatch.core.paste.siblings.parts import Reach, unneeded_lines
from yolopatch.core.paste.siblings.renaming import with_distinct_names
from yolopatch.core.paste.text.post import Place
from yolopatch.core.paste.text.replacing import Change, Offsets, changed
from yolopatch.core.syntax import classes, parse
from yolopatch.core.text import split_lines
from yolopatch.errors import UsageError

_FUTURE = "__future__"


def merge(main: Pasted, others: Sequence[Pasted], symbol: str = "", sought: Collection[str] = ()) -> Pasted:
    """Return the files as one; messages still name the file and the line.

    Of the other files, only what the main one needs is taken. A name by which two files mean different things is
    changed in one of them.

    Args:
        main: the file with the class to add.
        others: files of the same repository from which it imports, directly or not.
        symbol: what is wanted of the main file; "" for all of it.
        sought: the names of the files that nobody named; what a pin has of a file like them is the pin's.

    Raises:
        UsageError: a name with two meanings cannot be changed, or an import names what its file does not have.
    """
    if not others:
        return main
    links = link([main, *others], sought)
    reach = Reach(links, symbol)
    _require_names(links, reach)
    files = [one.file for one in links if one.file is main or reach.names.get(one.file.name)]
    gone = {file.name: unneeded_lines(file, reach.names[file.name]) for file in files if file is not main}
    files = [_without(file, gone.get(file.name, set())) for file in files]
    files, renamed = with_distinct_names(files, sought)
    merged = _joined(link(files, sought), gone)
    return replace(merged, renamed=renamed)


def _joined(links: Sequence[Links], gone: Mapping[str, Collection[int]]) -> Pasted:
    main = links[0].file
    files = [one.file for one in links]
    texts = {one.file.name: _resolved(one) for one in links}
    order = _sorted(main, {one.file.name: one.others for one in links}, {file.name: file for file in files})
    future = sorted({name for file in files for name in _future(file)})
    lines = [f"from {_FUTURE} import {', '.join(future)}\n"] if future else []
    places = [Place(main.name, 1)] * len(lines)
    for file in order:
        own = split_lines(texts[file.name] if texts[file.name].endswith("\n") else f"{texts[file.name]}\n")
        kept = [number for number in range(1, len(own) + 1) if number not in gone.get(file.name, ())]
        lines += [own[number - 1] for number in kept]
        places += [file.place(number) for number in kept]
    text = "".join(lines)
    tree = parse(text)
    return Pasted(main.name, text, tree, classes(tree), replace(main.post, cells=()), tuple(places))


def _without(file: Pasted, gone: Collection[int]) -> Pasted:
    """Return the file with these lines empty."""
    if not gone:
        return file
    lines = split_lines(file.text)
    return with_text(file, "".join("\n" if number in gone else line for number, line in enumerate(lines, 1)))


def _future(file: Pasted) -> Iterator[str]:
    for node in file.tree.body:
        if isinstance(node, ast.ImportFrom) and _is_future(node):
            yield from (alias.name for alias in node.names)


def _sorted(main: Pasted, needed: Mapping[str, set[str]], files: Mapping[str, Pasted]) -> list[Pasted]:
    """Return the files, each behind those that it imports from; in a circle, as they are named."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in order or name in above:
            return
        for other in sorted(needed[name]):
            visit(other, (*above, name))
        order.append(name)

    for name in [*(name for name in files if name != main.name), main.name]:
        visit(name, ())
    return [files[name] for name in order]


def _require_names(links: Sequence[Links], reach: Reach) -> None:
    """Refuse an import of what its file does not have, where it is needed.

    Raises:
        UsageError: the import's line is in the details.
    """
    for one in links:
        needed = reach.names.get(one.file.name, set())
        for found in one.found:
            if not found.whole and found.alias.name != STAR and found.local in needed:
                _require(one.file, found, found.alias.name)
        if needed:
            for node, found in uses_of_files(one):
                _require(one.file, found, node.attr)


def _require(file: Pasted, found: Link, name: str) -> None:
    if not {name, STAR} & found.other.names:
        raise UsageError(
            f"{found.other.name} has no {name}",
            details=[f"found: {file.place(found.node.lineno)}: {file.line(found.node.lineno).strip()}"],
            hint=f"add the file that defines {name}: --with FILE.py",
        )


def _resolved(links: Links) -> str:
    """Return a file's text without the imports from the other files."""
    file = links.file
    offsets = Offsets(file.text)
    nodes = dict.fromkeys(one.node for one in links.found)
    changes = [offsets.whole(node, _instead(links, node)) for node in nodes]
    changes += [offsets.whole(node, "") for node in file.tree.body if _is_future(node)]
    return changed(file.text, [*changes, *_plain_names(links, offsets)])


def _instead(links: Links, node: ast.Import | ast.ImportFrom) -> str:
    """Return what stands for an import: other names for what is there, and what of it stays an import."""
    found = {one.alias: one for one in links.found if one.node is node}
    parts = []
    rest = [alias for alias in node.names if alias not in found]
    if rest:
        left = ast.Import(rest) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, rest, node.level)
        parts.append(ast.unparse(left))
    for alias, one in found.items():
        there = alias.name in one.other.names
        if there and not one.whole and alias.name != STAR and alias.asname not in (None, alias.name):
            parts.append(f"{alias.asname} = {alias.name}")
    return "; ".join(parts) or ("" if node in links.file.tree.body else "pass")


def _plain_names(links: Links, offsets: Offsets) -> Iterator[Change]:
    """Yield the uses of a file by its name, `parts.Inner`, with the plain name."""
    return (offsets.whole(node, node.attr) for node, _ in uses_of_files(links))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == _FUTURE
