"""Which statements of a pasted file go into an upstream: definitions, and nothing that runs on import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from yolopatch.core.closure import closure
from yolopatch.core.paste.imports import Upstream, other_packages
from yolopatch.core.paste.names import bound, first_line, free
from yolopatch.core.paste.origins.branches import Values, constants, values_in, without_dead_branches
from yolopatch.core.paste.origins.known import file_of, is_file_of_pins, is_file_of_post, is_inside, is_upstreams
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names
from yolopatch.errors import UsageError

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
STAR = "*"


@dataclass(frozen=True)
class Wanted:
    """What of a pasted file is wanted.

    Attributes:
        symbol: the class.
        call: the call that makes it, as in the catalog; "" if it is not known.
        packages: imports that look like files of the post, and that the user says are installed packages.
    """

    symbol: str
    call: str = ""
    packages: frozenset[str] = frozenset()


class Lack(NamedTuple):
    """A name that a statement needs and cannot get: the reason, and what to do about it."""

    name: str
    why: str
    hint: str


@dataclass(frozen=True)
class Statement:
    """A top-level statement, the names that it defines, and the names that it needs.

    `live` is the statement without the branches that are never taken.
    """

    node: ast.stmt
    live: ast.stmt
    binds: frozenset[str]
    needs: frozenset[str]

    @property
    def line(self) -> int:
        """Its first line, counted from 1."""
        return first_line(self.node)

    @cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """Every import in it that may run."""
        return tuple(node for node in ast.walk(self.live) if isinstance(node, _IMPORTS))


@dataclass(frozen=True)
class Sifted:
    """The statements that go into an upstream, and the others.

    Attributes:
        kept: in the file's order.
        dropped: the others, each with the reason.
        star: whether an `import *` of a library may define names that nothing else defines.
        needed: the names that the class needs, directly or indirectly, and its own.
    """

    kept: tuple[Statement, ...]
    dropped: tuple[tuple[Statement, str], ...]
    star: bool
    needed: frozenset[str]

    @property
    def binds(self) -> set[str]:
        """The names that the kept statements define."""
        return {name for one in self.kept for name in one.binds}

    @property
    def needs(self) -> set[str]:
        """The names that the kept statements need."""
        return {name for one in self.kept for name in one.needs}


def sift(paste: Pasted, wanted: Wanted, upstream: Upstream, usual: Iterable[str]) -> Sifted:
    """Return the statements that go into an upstream.

    Args:
        paste: the file.
        wanted: the class to add, and how it is made.
        upstream: the names that the upstream defines.
        usual: names with a known import.

    Raises:
        UsageError: the class needs a name that neither the file nor this upstream has.
    """
    of_file = constants(paste.tree)
    statements = [_statement(paste, node, wanted, of_file) for node in paste.tree.body]
    needed = _reached({wanted.symbol}, statements)
    defined = {name for one in statements if isinstance(one.node, _DEFINITIONS) for name in one.binds}
    used = _reached(defined, statements)
    dropped: list[tuple[Statement, str]] = []
    kept: list[Statement] = []
    for one in statements:
        why = _runs(one, used)
        (dropped.append((one, why)) if why else kept.append(one))
    star = any(STAR in one.binds and not any(is_inside(n, wanted.packages) for n in one.imports) for one in kept)
    sifter = _Sifter(paste, wanted, upstream, set(usual))
    return sifter.without_missing(Sifted(tuple(kept), tuple(dropped), star, frozenset(needed)))


def _statement(paste: Pasted, node: ast.stmt, wanted: Wanted, of_file: Values) -> Statement:
    made: Values = {}
    if isinstance(node, ast.ClassDef) and node.name == wanted.symbol:
        made = values_in(wanted.call, paste.own_method(wanted.symbol, "__init__"))
    live = without_dead_branches(node, of_file, made, wanted.symbol)
    return Statement(node, live, frozenset(bound(node)), frozenset(free(live)))


def _reached(names: Iterable[str], statements: list[Statement]) -> set[str]:
    """Return these names, and all names that they need, directly or indirectly."""
    needs: dict[str, set[str]] = {}
    for one in statements:
        for name in one.binds:
            needs.setdefault(name, set()).update(one.needs)
    return closure(names, lambda name: needs.get(name, ()))


def unhandled_imports(node: ast.stmt) -> Iterator[tuple[ast.Import | ast.ImportFrom, ast.alias]]:
    """Yield the imports in a `try` whose names no other branch of it defines: `except ImportError: pass`."""
    if not isinstance(node, ast.Try):
        return
    others = [part for handler in node.handlers for part in handler.body] + node.orelse + node.finalbody
    defined = {name for part in others for name in bound(part)}
    for part in node.body:
        if isinstance(part, _IMPORTS):
            names = ((alias, (alias.asname or alias.name).partition(".")[0]) for alias in part.names)
            yield from ((part, alias) for alias, name in names if name not in defined and name != STAR)


def _runs(one: Statement, used: set[str]) -> str:
    """Return why a statement is not only a definition; "" if it is one."""
    node = one.node
    if isinstance(node, (*_DEFINITIONS, *_IMPORTS)) or _is_text(node):
        return ""
    if isinstance(node, ast.If) and "__name__" in one.needs | used_names(node.test):
        return "a demo"
    if one.binds & used or all(name.startswith("__") for name in one.binds or {""}):
        return ""
    return "" if one.imports and one.binds else "it runs on import"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@dataclass(frozen=True)
class _Sifter:
    """Leaves out the statements that need a missing name; refuses if the class itself needs it."""

    paste: Pasted
    wanted: Wanted
    upstream: Upstream
    usual: set[str]

    def without_missing(self, sifted: Sifted) -> Sifted:
        """Return the statements without those that need a missing name.

        Raises:
            UsageError: the class itself needs it.
        """
        kept, dropped = list(sifted.kept), list(sifted.dropped)
        missing = dict(self._unneeded(kept, sifted.needed)) | dict(self._not_upstreams(kept))
        while True:
            have = {name for one in kept for name in one.binds} | self.usual | set(self.upstream.defined_in)
            lacks = ((one, self._lack(one, missing, have, sifted)) for one in kept)
            found = next(((one, lack) for one, lack in lacks if lack), None)
            if found is None:
                return replace(sifted, kept=tuple(kept), dropped=tuple(dropped))
            one, lack = found
            if one.binds & sifted.needed and not isinstance(one.node, _IMPORTS):
                raise self._refused(one, lack)
            kept.remove(one)
            dropped.append((one, f"needs {lack.why}"))
            missing = dict.fromkeys(one.binds, lack) | missing  # an import's names may each lack for another reason

    def _unneeded(self, kept: list[Statement], needed: frozenset[str]) -> Iterator[tuple[str, Lack]]:
        """Yield the names from packages that the class does not need."""
        for one in kept:
            packages = [name for node in one.imports for name in other_packages(node, self.wanted.packages)]
            if packages and isinstance(one.node, _IMPORTS) and not one.binds & needed:
                yield from ((name, Lack(name, packages[0], "")) for name in one.binds)

    def _not_upstreams(self, kept: list[Statement]) -> Iterator[tuple[str, Lack]]:
        """Yield the names that are imported from an upstream or the post's files, and that this upstream lacks."""
        for one in kept:
            for node, alias in unhandled_imports(one.node):
                if is_inside(node, self.wanted.packages) and not self._has(node, alias.name):
                    yield (alias.asname or alias.name).partition(".")[0], self._not_there(node, alias)
            if not isinstance(one.node, _IMPORTS) or not is_inside(one.node, self.wanted.packages):
                continue
            for alias in one.node.names:
                if isinstance(one.node, ast.Import) or not self._has(one.node, alias.name):
                    yield (alias.asname or alias.name).partition(".")[0], self._not_there(one.node, alias)

    def _has(self, node: ast.Import | ast.ImportFrom, name: str) -> bool:
        """Tell whether the upstream has what an import takes; a class of the post's own file is another one."""
        return name == STAR or (name in self.upstream.defined_in and not is_file_of_post(node))

    def _lack(self, one: Statement, missing: dict[str, Lack], have: set[str], sifted: Sifted) -> Lack | None:
        """Return what a statement needs and cannot get; None if nothing."""
        if isinstance(one.node, _IMPORTS):
            # if some of several names are missing, the import is rewritten with the others
            gone = one.binds and all(name in missing for name in one.binds)
            return missing[min(one.binds)] if gone else None
        if isinstance(one.node, ast.Try) and one.imports:
            return None  # its except branch handles the missing import
        for name in sorted(one.needs):
            if name in missing:
                return missing[name]
            if name not in have and not sifted.star:
                return self._unknown(name, sifted)
        inside = (
            (node, alias) for node in one.imports if is_inside(node, self.wanted.packages) for alias in node.names
        )
        return next((self._not_there(node, alias) for node, alias in inside if not self._has(node, alias.name)), None)

    def _unknown(self, name: str, sifted: Sifted) -> Lack:
        """Return what is lacking where nothing defines a name; a file of the post that is imported as a whole may."""
        why = f"{name}, which neither the file nor {self.upstream.name} has"
        nodes = [node for one in sifted.kept for node in one.imports if node.names[0].name == STAR]
        own = (node for node in nodes if is_inside(node, self.wanted.packages) and not is_file_of_pins(node))
        files = [*dict.fromkeys(file_of(node, node.names[0]) for node in own)]
        if files:
            which = "it" if len(files) == 1 else "the one that has it"
            may = f"{why}; {' or '.join(files)} of the post's own repository may"
            return Lack(name, may, f"paste {which}, too: --with {files[0]}")
        hint = (
            f"write the import of {name} into the file, or its definition, or add the file that has it: --with FILE.py"
        )
        return Lack(name, why, hint)

    def _not_there(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Lack:
        """Return what is lacking where an import of an upstream's or of the post's own files finds nothing."""
        name, file = alias.name, file_of(node, alias)
        if name == STAR:
            name = file.removesuffix(".py")
        if isinstance(node, ast.Import):
            place, name, what = alias.name, alias.asname or alias.name, alias.name
        else:
            place = f"{'.' * node.level}{node.module or ''}"
            what = f"{name} of {place}"
        if is_upstreams(node) and is_file_of_pins(node):
            return Lack(name, f"{name}, which is not in {self.upstream.name}", _paste_it(name))
        hint = f"paste that file, too: --with {file}"
        if isinstance(node, ast.ImportFrom) and alias.name not in (STAR, file.removesuffix(".py")):
            hint += f" (if {file.removesuffix('.py')} is a folder: the file in it that defines {alias.name})"
        root = place.partition(".")[0]
        if name in self.upstream.defined_in and isinstance(node, ast.ImportFrom):
            hint += f"; if it is upstream's own: write from {self.upstream.defined_in[name]} import {name}"
        if root and not is_upstreams(node):
            hint += f"; if {root} is an installed package: --package {root}"
        return Lack(name, f"{what}, a file of the post's own repository", hint)

    def _refused(self, one: Statement, lack: Lack) -> UsageError:
        uses = [node.lineno for node in ast.walk(one.node) if isinstance(node, ast.Name) and node.id == lack.name]
        lines = range(one.line, (one.node.end_lineno or one.line) + 1)
        at = min(uses, default=next((n for n in lines if lack.name in self.paste.line(n)), one.line))
        return UsageError(
            f"{self.wanted.symbol} cannot be added to {self.upstream.name}: it needs {lack.why}",
            details=[f"found: {self.paste.place(at)}: {self.paste.line(at).strip()}"],
            hint=lack.hint,
        )


def _paste_it(name: str) -> str:
    return f"paste the definition of {name} into the file, or add the file that has it: --with FILE.py"
