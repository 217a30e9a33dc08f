"""Give a name of a post's file another one, where another file of the post means something else by it."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from yolopatch.core.paste.names import bound, needs, nested_tables
from yolopatch.core.paste.reading import Pasted, with_text
from yolopatch.core.paste.siblings.links import IMPORTS, STAR, Link, Links, link, uses_of_files
from yolopatch.core.paste.text.post import Renamed
from yolopatch.core.paste.text.replacing import Change, Offsets, changed
from yolopatch.errors import UsageError

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_MOST = 400  # names; a post has a few


class Meaning(NamedTuple):
    """What a file means by a name, and the statement that says so."""

    node: ast.stmt
    text: str


class _Clash(NamedTuple):
    name: str
    first: tuple[Pasted, Meaning]
    second: tuple[Pasted, Meaning]


def with_distinct_names(
    files: Sequence[Pasted], sought: Collection[str] = ()
) -> tuple[list[Pasted], tuple[Renamed, ...]]:
    """Return the files with one meaning for each name; the main file keeps its names.

    Args:
        files: the main one first.
        sought: see `links.link`.

    Raises:
        UsageError: a name cannot be changed, as the code has it in a text or as a local name, too.
    """
    now, renamed = list(files), []
    for _ in range(_MOST):
        links = link(now, sought)
        clash = _first_clash(links)
        if clash is None:
            break
        file, meaning = clash.second
        new = _new_name(clash.name, file, now)
        now = _Renaming(links, clash).with_new_name(file.name, clash.name, new)
        renamed.append(Renamed(file.name, meaning.node.lineno, clash.name, new, clash.first[0].name))
    return now, tuple(renamed)


def _first_clash(links: Sequence[Links]) -> _Clash | None:
    """Return a name that means one thing in a file and another thing in a later one; None if there is none."""
    meanings = {one.file.name: _meanings(one) for one in links}
    first: dict[str, tuple[Pasted, Meaning]] = {}
    for one in links:
        for name, meaning in {**_taken(one, meanings), **meanings[one.file.name]}.items():
            known = first.setdefault(name, (one.file, meaning))
            if known[1].text != meaning.text:
                return _Clash(name, known, (one.file, meaning))
    return None


def _meanings(links: Links) -> Mapping[str, Meaning]:
    """Return what a file itself means by its names; of a name with several statements, the last one."""
    file = links.file
    taken = {one.local for one in links.found}
    found_needs = needs(file.text)
    defined = {name for node in file.tree.body if isinstance(node, _DEFINITIONS) for name in bound(node)}
    needed = {name for one in defined for name in found_needs[one]}
    found: dict[str, Meaning] = {}
    for node in file.tree.body:
        if isinstance(node, IMPORTS):
            of_node = (_imported(node, alias) for alias in node.names if alias.name != STAR)
            found |= {name: Meaning(node, text) for name, text in of_node if name not in taken}
        else:
            names = bound(node) if isinstance(node, _DEFINITIONS) else (bound(node) & needed) - taken
            found |= dict.fromkeys(names, Meaning(node, ast.dump(node)))
    return found


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str]:
    """Return the name that an import defines, and what it means.

    `import torch.nn` defines torch, and `import torch.nn as nn` is `from torch import nn`. Of another package only the
    name counts: the same class is often in several modules of it.
    """
    if isinstance(node, ast.Import):
        name = alias.asname or alias.name.partition(".")[0]
        return name, (alias.name.rpartition(".")[2] if alias.asname else name)
    return alias.asname or alias.name, alias.name


def _taken(links: Links, meanings: Mapping[str, Mapping[str, Meaning]]) -> dict[str, Meaning]:
    """Return what a file means by the names that it takes from the other files."""
    found: dict[str, Meaning] = {}
    for one in links.found:
        theirs = meanings[one.other.name].get(one.alias.name)
        if theirs and not one.whole:
            found[one.local] = Meaning(one.statement, theirs.text)
    return found


def _new_name(name: str, file: Pasted, files: Sequence[Pasted]) -> str:
    used = {node.id for one in files for node in ast.walk(one.tree) if isinstance(node, ast.Name)}
    used |= {name for one in files for node in one.tree.body for name in bound(node)}
    new = f"{name}_{re.sub(r'[^0-9A-Za-z]+', '_', PurePosixPath(file.name).stem).strip('_')}"
    while new in used:
        new += "_"
    return new


class _Renaming:
    """Changes one name, in its file and in those that import it from there."""

    def __init__(self, links: Sequence[Links], clash: _Clash) -> None:
        self._links = {one.file.name: one for one in links}
        self._clash = clash
        self._names: dict[str, dict[str, str]] = {name: {} for name in self._links}
        self._taken: dict[str, dict[tuple[str, str], str]] = {name: {} for name in self._links}

    def with_new_name(self, file: str, name: str, new: str) -> list[Pasted]:
        """Return all files with a name of one of them changed.

        Raises:
            UsageError: it cannot be changed.
        """
        self._note(file, name, new)
        return [self._with_new_names(one) for one in self._links.values()]

    def _note(self, file: str, name: str, new: str) -> None:
        if name in self._names[file]:
            return
        if _is_more_than_a_name(self._links[file].file, name):
            raise _two_meanings(self._clash)
        self._names[file][name] = new
        for other, links in self._links.items():
            for one in links.found:
                if one.other.name == file:
                    self._note_user(other, links, one, name, new)

    def _note_user(self, user: str, links: Links, one: Link, name: str, new: str) -> None:
        if one.alias.name == STAR and name not in links.file.names:
            self._note(user, name, new)
        elif one.alias.name == name and not one.whole:
            self._taken[user][one.other.name, name] = new
            if one.alias.asname is None:
                self._note(user, name, new)
        elif one.whole:
            self._taken[user][one.other.name, name] = new

    def _with_new_names(self, links: Links) -> Pasted:
        file, names, taken = links.file, self._names[links.file.name], self._taken[links.file.name]
        if not names and not taken:
            return file
        offsets = Offsets(file.text)
        changes = [*_changed_names(file, names, offsets), *self._changed_imports(links, names, taken, offsets)]
        for node, one in uses_of_files(links):
            if new := taken.get((one.other.name, node.attr)):
                end = offsets.end(node)
                changes.append(Change(end - len(node.attr), end, new))
        return with_text(file, changed(file.text, changes))

    def _changed_imports(
        self, links: Links, names: Mapping[str, str], taken: Mapping[tuple[str, str], str], offsets: Offsets
    ) -> Iterator[Change]:
        of_alias = {one.alias: one for one in links.found}
        for node in ast.walk(links.file.tree):
            if not isinstance(node, IMPORTS):
                continue
            aliases = [_renamed(alias, of_alias.get(alias), names, taken) for alias in node.names]
            if aliases != node.names:
                new = ast.Import(aliases) if isinstance(node, ast.Import) else _from(node, aliases)
                yield offsets.whole(node, ast.unparse(new))


def _from(node: ast.ImportFrom, aliases: list[ast.alias]) -> ast.ImportFrom:
    return ast.ImportFrom(node.module, aliases, node.level)


def _renamed(
    alias: ast.alias, found: Link | None, names: Mapping[str, str], taken: Mapping[tuple[str, str], str]
) -> ast.alias:
    """Return a part of an import with new names; the same object if it has none."""
    local = alias.asname or alias.name
    theirs = taken.get((found.other.name, alias.name), alias.name) if found and not found.whole else alias.name
    mine = names.get(local, local)
    if (theirs, mine) == (alias.name, local):
        return alias
    return ast.alias(theirs, None if mine == theirs else mine)


def _changed_names(file: Pasted, names: Mapping[str, str], offsets: Offsets) -> Iterator[Change]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield offsets.whole(node, names[node.id])
        elif isinstance(node, _DEFINITIONS) and node.name in names and node in file.tree.body:
            start = offsets.start(node)
            head = re.compile(r"(?:async\s+)?(?:class|def)\s+").match(file.text, start)
            assert head is not None  # the definition starts there
            yield Change(head.end(), head.end() + len(node.name), names[node.name])


def _is_more_than_a_name(file: Pasted, name: str) -> bool:
    """Tell whether changing a top-level name would change more: it is local elsewhere, or stands in a text."""
    exported = {part for node in file.tree.body if bound(node) == {"__all__"} for part in ast.walk(node)}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant) and node.value == name and node not in exported:
            return True
        if isinstance(node, ast.Global) and name in node.names:
            return True
        if isinstance(node, ast.JoinedStr) and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node)):
            return True  # before Python 3.12, its place in the text is not known
    top = symtable.symtable(file.text, file.name, "exec")
    return any(_is_local(table, name) for table in nested_tables(top))


def _is_local(table: symtable.SymbolTable, name: str) -> bool:
    return name in table.get_identifiers() and table.lookup(name).is_local()


def _two_meanings(clash: _Clash) -> UsageError:
    (one, first), (other, second) = clash.first, clash.second
    return UsageError(
        f"{clash.name} means one thing in {one.name} and another in {other.name}",
        details=[
            f"found: {file.place(node.lineno)}: {file.line(node.lineno).strip()}"
            for file, node in ((one, first.node), (other, second.node))
        ],
        hint=f"rename {clash.name} in one of them, where it is defined and used, and add the files again",
    )
