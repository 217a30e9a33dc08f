"""The files of a post that nobody named, and without which what is wanted of the others cannot be."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.paste.imports import USUAL
from yolopatch.core.paste.names import bound
from yolopatch.core.paste.origins.known import has_in_pins, is_inside, may_be_inside, modules_in
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.siblings.links import STAR, Links, link
from yolopatch.core.paste.siblings.parts import Reach


@dataclass(frozen=True)
class Sought:
    """A file of the post's own repository that an import names.

    Attributes:
        file: the name of the file with the import.
        line: of the import.
        level: the number of dots before the module.
        module: the parts of its name; none for `from . import name`.
        names: what the file must have, at least one of them; none if the import takes the whole file.
        sure: whether it is such a file; otherwise it may be a package, and is one if the import's place has no file.
    """

    file: str
    line: int
    level: int
    module: tuple[str, ...]
    names: frozenset[str]
    sure: bool


def sought_files(
    main: Pasted, others: Sequence[Pasted], symbol: str, sought: Collection[str], packages: frozenset[str]
) -> Iterator[Sought]:
    """Yield the files that are needed and lacking.

    Args:
        main, others, symbol, sought: as in `merging.merge`.
        packages: the packages that the user says are installed.
    """
    links = link([main, *others], sought)
    reach = Reach(links, symbol)
    for one in links:
        yield from _of_file(one, reach.names.get(one.file.name, set()), packages)


def _of_file(links: Links, needed: Collection[str], packages: frozenset[str]) -> Iterator[Sought]:
    linked = {one.alias for one in links.found}
    for statement, node in links.file.imports:
        if not may_be_inside(node, packages):
            continue
        for alias in node.names:
            top = node is statement
            local = (alias.asname or alias.name).partition(".")[0]
            if alias in linked or (local != STAR and not ({local} if top else bound(statement)) & {*needed}):
                continue
            yield from _of_import(links, node, alias, needed)


def _of_import(
    links: Links, node: ast.Import | ast.ImportFrom, alias: ast.alias, needed: Collection[str]
) -> Iterator[Sought]:
    if isinstance(node, ast.Import):
        yield Sought(links.file.name, node.lineno, 0, tuple(alias.name.split(".")), frozenset(), is_inside(node))
        return
    names = {alias.name} if alias.name != STAR else {*needed} - links.file.names - {*USUAL}
    names = {name for name in names if not has_in_pins(node, name)}
    if names:
        parts = tuple(part for part in modules_in(node)[0].split(".") if part)
        yield Sought(links.file.name, node.lineno, node.level, parts, frozenset(names), is_inside(node))
