"""Several files of one post as one: each before those that import from it, and the imports between them resolved."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yolopatch.core.paste.names import bound, free
from yolopatch.core.paste.origins.known import WITH_TORCH, file_of, is_file_of_pins, root_of
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.text.post import Place
from yolopatch.core.paste.text.replacing import Change, Offsets, changed
from yolopatch.core.syntax import classes, parse
from yolopatch.core.text import split_lines
from yolopatch.errors import UsageError

_FUTURE = "__future__"
_Import = ast.Import | ast.ImportFrom


def merge(main: Pasted, others: Sequence[Pasted]) -> Pasted:
    """Return the files as one; messages still name the file and the line.

    Args:
        main: the file with the class to add.
        others: files of the same repository from which it imports, directly or not.

    Raises:
        UsageError: two files define the same name differently, or an import names what its file does not have.
    """
    if not others:
        return main
    files = [main, *others]
    links = [_Links(file, files) for file in files]
    _require_distinct(links)
    texts = {link.file.name: link.resolved() for link in links}
    order = _sorted(main, {link.file.name: link.needed for link in links}, {file.name: file for file in files})
    future = sorted({name for file in files for name in _future(file)})
    lines = [f"from {_FUTURE} import {', '.join(future)}\n"] if future else []
    places = [Place(main.name, 1)] * len(lines)
    for file in order:
        own = split_lines(texts[file.name] if texts[file.name].endswith("\n") else f"{texts[file.name]}\n")
        lines += own
        places += [file.place(number) for number in range(1, len(own) + 1)]
    text = "".join(lines)
    tree = parse(text)
    return Pasted(main.name, text, tree, classes(tree), replace(main.post, cells=()), tuple(places))


def _future(file: Pasted) -> Iterator[str]:
    for node in file.tree.body:
        if isinstance(node, ast.ImportFrom) and _is_future(node):
            yield from (alias.name for alias in node.names)


def _defined(file: Pasted) -> Mapping[str, ast.stmt]:
    """Return what a file defines itself: its classes and functions, and the values that these use."""
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    needed = {name for node in file.tree.body if isinstance(node, definitions) for name in free(file, node)}
    found: dict[str, ast.stmt] = {}
    for node in file.tree.body:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            kept = bound(node) if isinstance(node, definitions) else bound(node) & needed
            found |= dict.fromkeys(kept, node)
    return found


def _require_distinct(links: Sequence[_Links]) -> None:
    """Refuse a name that means one thing in one file and another thing in another.

    Raises:
        UsageError: both places are in the details.
    """
    first: dict[str, tuple[Pasted, ast.stmt, str]] = {}
    for link in links:
        for name, node, meaning in link.meanings():
            other, before, known = first.setdefault(name, (link.file, node, meaning))
            if meaning != known:
                raise UsageError(
                    f"{name} means one thing in {other.name} and another in {link.file.name}",
                    details=[
                        f"found: {file.place(one.lineno)}: {file.line(one.lineno).strip()}"
                        for file, one in ((other, before), (link.file, node))
                    ],
                    hint=f"rename {name} in one of them, where it is defined and used, and add the files again",
                )


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


@dataclass(frozen=True)
class _Link:
    """A name that an import takes from another file; `whole` is the file's name in this one, if it takes all of it."""

    node: _Import
    alias: ast.alias
    other: Pasted
    whole: str = ""


class _Links:
    """The imports of a file from the other files."""

    def __init__(self, file: Pasted, files: Sequence[Pasted]) -> None:
        self.file = file
        self._files = [other for other in files if other is not file]
        nodes = (node for node in ast.walk(file.tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
        found = (self._link(node, alias) for node in nodes for alias in node.names)
        self._links = [link for link in found if link]

    @property
    def needed(self) -> set[str]:
        """The names of the files that it imports from."""
        return {link.other.name for link in self._links}

    def meanings(self) -> Iterator[tuple[str, ast.stmt, str]]:
        """Yield each name that the file defines or imports from elsewhere: the statement, and what it means.

        Of a name that the file imports and defines again, what it means at the end.
        """
        linked = [link.alias for link in self._links]
        found: dict[str, tuple[ast.stmt, str]] = {}
        defined = _defined(self.file)
        for node in self.file.tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    if alias not in linked and alias.name != "*":
                        found[(alias.asname or alias.name).partition(".")[0]] = node, alias.name
            else:
                found |= {name: (node, ast.dump(node)) for name in bound(node) if defined.get(name) is node}
        yield from ((name, node, meaning) for name, (node, meaning) in found.items())

    def resolved(self) -> str:
        """Return the file's text without the imports from the other files."""
        offsets = Offsets(self.file.text)
        nodes = dict.fromkeys(link.node for link in self._links)
        changes = [offsets.whole(node, self._instead(node)) for node in nodes]
        changes += [offsets.whole(node, "") for node in self.file.tree.body if _is_future(node)]
        return changed(self.file.text, [*changes, *self._plain_names(offsets)])

    def _link(self, node: _Import, alias: ast.alias) -> _Link | None:
        """Return what an import takes from the other files; None if it is not from them."""
        if isinstance(node, ast.Import):
            other = self._called(file_of(node, alias))
            return _Link(node, alias, other, alias.asname or alias.name) if other else None
        module = node.module or ""
        if not node.level and root_of(module) in WITH_TORCH:
            return None
        other = self._called(file_of(node, alias)) if module else None
        if other is None and not is_file_of_pins(node):
            other = self._with(alias.name)
        if other:
            return _Link(node, alias, other)
        whole = self._called(f"{alias.name}.py")
        return _Link(node, alias, whole, alias.asname or alias.name) if whole else None

    def _called(self, file: str) -> Pasted | None:
        return next((one for one in self._files if _stem(one) == _stem_of(file)), None)

    def _with(self, name: str) -> Pasted | None:
        return next((one for one in self._files if name in _defined(one)), None)

    def _instead(self, node: _Import) -> str:
        """Return what stands for an import: other names for what is there, and what of it stays an import."""
        links = {link.alias: link for link in self._links if link.node is node}
        parts = []
        rest = [alias for alias in node.names if alias not in links]
        if rest:
            left = ast.Import(rest) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, rest, node.level)
            parts.append(ast.unparse(left))
        for alias, link in links.items():
            if link.whole or alias.name == "*":
                continue
            self._require(link, alias.name)
            if alias.asname not in (None, alias.name):
                parts.append(f"{alias.asname} = {alias.name}")
        return "; ".join(parts) or ("" if node in self.file.tree.body else "pass")

    def _require(self, link: _Link, name: str) -> None:
        if name not in _names_in(link.other):
            raise UsageError(
                f"{link.other.name} has no {name}",
                details=[f"found: {self.file.place(link.node.lineno)}: {self.file.line(link.node.lineno).strip()}"],
                hint=f"add the file that defines {name}: --with FILE.py",
            )

    def _plain_names(self, offsets: Offsets) -> Iterator[Change]:
        """Yield the uses of a file by its name, `parts.Inner`, with the plain name."""
        whole = {link.whole: link for link in self._links if link.whole}
        for node in ast.walk(self.file.tree):
            if isinstance(node, ast.Attribute) and (link := whole.get(ast.unparse(node.value))):
                self._require(link, node.attr)
                yield offsets.whole(node, node.attr)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == _FUTURE


def _names_in(file: Pasted) -> set[str]:
    return {name for node in file.tree.body for name in bound(node)}


def _stem(file: Pasted) -> str:
    return _stem_of(file.name)


def _stem_of(file: str) -> str:
    return file.rpartition(".")[0]
