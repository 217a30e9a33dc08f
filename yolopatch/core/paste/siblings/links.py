"""What the files of one post import from each other."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yolopatch.core.paste.origins.known import (
    WITH_TORCH,
    file_of,
    has_in_pins,
    is_file_of_pins,
    is_inside,
    root_of,
    upstream_classes,
)
from yolopatch.core.paste.reading import Pasted

STAR = "*"
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Link:
    """A name that an import takes from another file of the post.

    Attributes:
        statement: the statement at the file's top level that has the import.
        node: the import.
        alias: the name in it; `*` for all.
        other: the other file.
        whole: the file's name in this one, if the import takes all of it; "" otherwise.
    """

    statement: ast.stmt
    node: ast.Import | ast.ImportFrom
    alias: ast.alias
    other: Pasted
    whole: str = ""

    @property
    def local(self) -> str:
        """What it is called in the file that imports it."""
        return self.alias.asname or self.alias.name


@dataclass(frozen=True)
class Links:
    """A file of a post, and what it imports from the post's other files.

    Attributes:
        file: the file.
        found: every link, in the file's order.
    """

    file: Pasted
    found: tuple[Link, ...]

    @property
    def others(self) -> set[str]:
        """The names of the files that it imports from."""
        return {link.other.name for link in self.found}


def link(files: Sequence[Pasted], sought: Collection[str] = ()) -> list[Links]:
    """Return the links between files, in their order.

    Args:
        files: of one post.
        sought: the names of those that nobody named; what a pin has of a file like them is the pin's.
    """
    return [_Linker(file, files, sought).links() for file in files]


class _Linker:
    """Finds the links of one file."""

    def __init__(self, file: Pasted, files: Sequence[Pasted], sought: Collection[str]) -> None:
        self._file = file
        self._files = [other for other in files if other is not file]
        self._sought = sought

    def links(self) -> Links:
        return Links(self._file, tuple(self._found()))

    def _found(self) -> Iterator[Link]:
        for statement, node in self._file.imports:
            for alias in node.names:
                found = self._link(statement, node, alias)
                yield from [found] if found else self._of_package(statement, node, alias)

    def _link(self, statement: ast.stmt, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Link | None:
        """Return what an import takes from the other files; None if it is not from them."""
        if isinstance(node, ast.Import):
            other = self._called(file_of(node, alias))
            return Link(statement, node, alias, other, alias.asname or alias.name) if other else None
        module = node.module or ""
        if not node.level and root_of(module) in WITH_TORCH:
            return None
        other = self._called(file_of(node, alias), alias.name) if module else None
        upstreams = is_file_of_pins(node)
        of_pins = upstreams and has_in_pins(node, alias.name)
        if other and other.name in self._sought:
            if of_pins:
                return None
            if alias.name not in {STAR, *other.names}:  # another file of this name may have it
                other = None
        if other is None and not of_pins and (not upstreams or self._sought):
            other = self._with(alias.name)
        if other is None and of_pins and alias.name not in upstream_classes():  # nobody knows that a pin has it
            other = next(
                (one for one in self._files if one.name not in self._sought and alias.name in one.defined), None
            )
        if other:
            return Link(statement, node, alias, other)
        whole = self._called(f"{alias.name}.py")
        return Link(statement, node, alias, whole, alias.asname or alias.name) if whole else None

    def _of_package(self, statement: ast.stmt, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Iterator[Link]:
        """Yield what an `import *` from a package of the post may take: a file that it hands on was found by it."""
        if alias.name == STAR and is_inside(node) and not is_file_of_pins(node):
            yield from (Link(statement, node, alias, one) for one in self._files if one.name in self._sought)

    def _called(self, file: str, name: str = "") -> Pasted | None:
        """Return the file with this name; of several, the one that defines what is imported."""
        found = [one for one in self._files if stem_of(one.name) == stem_of(file)]
        return next((one for one in found if name in one.defined), found[0] if found else None)

    def _with(self, name: str) -> Pasted | None:
        return next((one for one in self._files if name in one.defined), None)


def stem_of(path: str) -> str:
    """Return by which name an import takes a file: a package's `__init__.py` has that of its folder."""
    file = PurePosixPath(path)
    return file.stem if file.stem != "__init__" else file.parent.name


def uses_of_files(links: Links) -> Iterator[tuple[ast.Attribute, Link]]:
    """Yield the uses of a file by its name, `parts.Inner`."""
    whole: Mapping[str, Link] = {one.whole: one for one in links.found if one.whole}
    if not whole:
        return
    for node in ast.walk(links.file.tree):
        if isinstance(node, ast.Attribute) and (found := whole.get(ast.unparse(node.value))):
            yield node, found
