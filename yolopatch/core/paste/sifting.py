"""Which statements of a pasted file go into an upstream: definitions, and nothing that runs on import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from yolopatch.core.closure import closure
from yolopatch.core.paste.imports import Upstream, other_packages
from yolopatch.core.paste.names import bound, filled, first_line, free
from yolopatch.core.paste.origins.branches import Values, constants, values_in, without_dead_branches
from yolopatch.core.paste.origins.known import is_file_of_post, is_inside
from yolopatch.core.paste.origins.lacking import STAR, Lack, not_there, remedy, told, unknown_name
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names
from yolopatch.errors import UsageError

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


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
    binds = bound(node) | ({*filled(node)} & paste.defined)  # a table of the file is not whole without what fills it
    return Statement(node, live, frozenset(binds), frozenset(free(live)))


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


def _is_needed(one: Statement, sifted: Sifted) -> bool:
    """Tell whether the class needs what a statement defines itself, not by an import."""
    return bool(one.binds & sifted.needed) and not isinstance(one.node, _IMPORTS)


def _each_once(found: Iterable[tuple[Statement, Lack]]) -> list[tuple[Statement, Lack]]:
    """Return what is lacking, each name where it is used first."""
    first: dict[str, tuple[Statement, Lack]] = {}
    for one, lack in found:
        first.setdefault(lack.name, (one, lack))
    return list(first.values())


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
            found = ((one, lack) for one in kept for lack in self._lacks(one, missing, have, sifted))
            first = next(found, None)
            if first is None:
                return replace(sifted, kept=tuple(kept), dropped=tuple(dropped))
            one, lack = first
            if _is_needed(one, sifted):
                raise self._refused(
                    _each_once([first, *((one, lack) for one, lack in found if _is_needed(one, sifted))])
                )
            kept.remove(one)
            dropped.append((one, f"needs {lack.said}"))
            missing = dict.fromkeys(one.binds, lack) | missing  # an import's names may each lack for another reason

    def _unneeded(self, kept: list[Statement], needed: frozenset[str]) -> Iterator[tuple[str, Lack]]:
        """Yield the names from packages that the class does not need."""
        for one in kept:
            packages = [name for node in one.imports for name in other_packages(node, self.wanted.packages)]
            if packages and isinstance(one.node, _IMPORTS) and not one.binds & needed:
                yield from ((name, Lack(name, packages[0])) for name in one.binds)

    def _not_upstreams(self, kept: list[Statement]) -> Iterator[tuple[str, Lack]]:
        """Yield the names that are imported from an upstream or the post's files, and that this upstream lacks."""
        for one in kept:
            for node, alias in unhandled_imports(one.node):
                if is_inside(node, self.wanted.packages) and not self._has(node, alias.name):
                    yield (alias.asname or alias.name).partition(".")[0], not_there(node, alias, self.upstream)
            if not isinstance(one.node, _IMPORTS) or not is_inside(one.node, self.wanted.packages):
                continue
            for alias in one.node.names:
                if isinstance(one.node, ast.Import) or not self._has(one.node, alias.name):
                    yield (alias.asname or alias.name).partition(".")[0], not_there(one.node, alias, self.upstream)

    def _has(self, node: ast.Import | ast.ImportFrom, name: str) -> bool:
        """Tell whether the upstream has what an import takes; a class of the post's own file is another one."""
        return name == STAR or (name in self.upstream.defined_in and not is_file_of_post(node))

    def _lacks(self, one: Statement, missing: dict[str, Lack], have: set[str], sifted: Sifted) -> Iterator[Lack]:
        """Yield what a statement needs and cannot get."""
        if isinstance(one.node, _IMPORTS):
            # if some of several names are missing, the import is rewritten with the others
            if one.binds and all(name in missing for name in one.binds):
                yield missing[min(one.binds)]
            return
        if isinstance(one.node, ast.Try) and one.imports:
            return  # its except branch handles the missing import
        for name in sorted(one.needs):
            if name in missing:
                yield missing[name]
            elif name not in have and not sifted.star:
                yield unknown_name(name, self.upstream.name, self._stars(sifted))
        for node in one.imports:
            if is_inside(node, self.wanted.packages):
                absent = (alias for alias in node.names if not self._has(node, alias.name))
                yield from (not_there(node, alias, self.upstream) for alias in absent)

    def _stars(self, sifted: Sifted) -> Iterator[ast.Import | ast.ImportFrom]:
        """Yield the imports of all of a file, of the post's own repository or of a copy of an upstream."""
        nodes = (node for one in sifted.kept for node in one.imports if node.names[0].name == STAR)
        return (node for node in nodes if is_inside(node, self.wanted.packages))

    def _refused(self, found: Sequence[tuple[Statement, Lack]]) -> UsageError:
        lacks = [lack for _, lack in found]
        return UsageError(
            f"{self.wanted.symbol} cannot be added to {self.upstream.name}: it needs {told(lacks)}",
            details=[f"found: {self._use(one, lack)}" for one, lack in found],
            hint=remedy(lacks),
        )

    def _use(self, one: Statement, lack: Lack) -> str:
        uses = [node.lineno for node in ast.walk(one.node) if isinstance(node, ast.Name) and node.id == lack.name]
        lines = range(one.line, (one.node.end_lineno or one.line) + 1)
        at = min(uses, default=next((n for n in lines if lack.name in self.paste.line(n)), one.line))
        return f"{self.paste.place(at)}: {self.paste.line(at).strip()}"
