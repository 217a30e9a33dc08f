"""Which statements of a pasted file go into an upstream: definitions, and nothing that runs on import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.paste.imports import Upstream, is_upstreams, other_packages
from yolopatch.core.paste.names import bound, first_line, free
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names
from yolopatch.errors import UsageError

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
STAR = "*"


@dataclass(frozen=True)
class Statement:
    """A top-level statement, the names that it defines, and the names that it needs."""

    node: ast.stmt
    binds: frozenset[str]
    needs: frozenset[str]

    @property
    def line(self) -> int:
        """Its first line, counted from 1."""
        return first_line(self.node)

    @cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """Every import in it."""
        return tuple(node for node in ast.walk(self.node) if isinstance(node, _IMPORTS))


@dataclass(frozen=True)
class Sifted:
    """The statements that go into an upstream, and the others.

    Attributes:
        kept: in the file's order.
        dropped: the others, each with the reason.
        star: whether an `import *` of a library may define names that nothing else defines.
    """

    kept: tuple[Statement, ...]
    dropped: tuple[tuple[Statement, str], ...]
    star: bool

    @property
    def binds(self) -> set[str]:
        """The names that the kept statements define."""
        return {name for one in self.kept for name in one.binds}

    @property
    def needs(self) -> set[str]:
        """The names that the kept statements need."""
        return {name for one in self.kept for name in one.needs}


def sift(paste: Pasted, symbol: str, upstream: Upstream, usual: Iterable[str]) -> Sifted:
    """Return the statements that go into an upstream.

    Args:
        paste: the file.
        symbol: the class to add.
        upstream: the names that the upstream defines.
        usual: names with a known import.

    Raises:
        UsageError: the class needs a name that neither the file nor this upstream has.
    """
    statements = [Statement(node, frozenset(bound(node)), frozenset(free(paste, node))) for node in paste.tree.body]
    wanted = _reached({symbol}, statements)
    defined = {name for one in statements if isinstance(one.node, _DEFINITIONS) for name in one.binds}
    used = _reached(defined, statements)
    dropped: list[tuple[Statement, str]] = []
    kept: list[Statement] = []
    for one in statements:
        why = _runs(one, used)
        (dropped.append((one, why)) if why else kept.append(one))
    star = any(STAR in one.binds and not any(map(is_upstreams, one.imports)) for one in kept)
    return _without_missing(paste, symbol, Sifted(tuple(kept), tuple(dropped), star), wanted, upstream, set(usual))


def _reached(names: Iterable[str], statements: list[Statement]) -> set[str]:
    """Return these names, and all names that they need, directly or indirectly."""
    needs: dict[str, set[str]] = {}
    for one in statements:
        for name in one.binds:
            needs.setdefault(name, set()).update(one.needs)
    found, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(needs.get(name, ()))
    return found


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


def _without_missing(
    paste: Pasted, symbol: str, sifted: Sifted, wanted: set[str], upstream: Upstream, usual: set[str]
) -> Sifted:
    """Drop statements that need a missing name; refuse if the class itself needs it."""
    kept, dropped = list(sifted.kept), list(sifted.dropped)
    missing = dict(_unneeded(kept, wanted)) | dict(_not_upstreams(kept, upstream))
    while True:
        have = {name for one in kept for name in one.binds} | usual | set(upstream.defined_in)
        found = next(((one, why) for one in kept if (why := _lack(one, missing, have, sifted.star, upstream))), None)
        if found is None:
            return Sifted(tuple(kept), tuple(dropped), sifted.star)
        one, why = found
        if one.binds & wanted and not isinstance(one.node, _IMPORTS):
            raise _refused(paste, symbol, one, why, upstream)
        kept.remove(one)
        dropped.append((one, f"needs {why}"))
        missing |= dict.fromkeys(one.binds, why)


def _unneeded(kept: list[Statement], wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the names from packages that the class does not need."""
    for one in kept:
        packages = [name for node in one.imports for name in other_packages(node)]
        if packages and isinstance(one.node, _IMPORTS) and not one.binds & wanted:
            yield from ((name, packages[0]) for name in one.binds)


def _not_upstreams(kept: list[Statement], upstream: Upstream) -> Iterator[tuple[str, str]]:
    """Yield the names that are imported from an upstream, and that this upstream does not have."""
    for one in kept:
        if not isinstance(one.node, _IMPORTS) or not is_upstreams(one.node):
            continue
        for alias in one.node.names:
            whole = isinstance(one.node, ast.Import)
            if whole or (alias.name not in upstream.defined_in and alias.name != STAR):
                name = (alias.asname or alias.name).partition(".")[0]
                yield name, f"{alias.name}, which {upstream.name} does not have" if not whole else alias.name


def _lack(one: Statement, missing: dict[str, str], have: set[str], star: bool, upstream: Upstream) -> str:
    """Return what a statement needs and cannot get; "" if nothing."""
    if isinstance(one.node, _IMPORTS):
        # if some of several names are missing, the import is rewritten with the others
        gone = one.binds and all(name in missing for name in one.binds)
        return missing[min(one.binds)] if gone else ""
    if isinstance(one.node, ast.Try) and one.imports:
        return ""  # its except branch handles the missing import
    for name in sorted(one.needs):
        if name in missing:
            return missing[name]
        if name not in have and not star:
            return f"{name}, which neither the file nor {upstream.name} has"
    inside = (node for node in one.imports if is_upstreams(node))
    names = (alias.name for node in inside for alias in node.names)
    return next(
        (f"{name}, which {upstream.name} does not have" for name in names if name not in upstream.defined_in), ""
    )


def _refused(paste: Pasted, symbol: str, one: Statement, why: str, upstream: Upstream) -> UsageError:
    name = why.partition(",")[0]
    lines = [n for n in range(one.line, (one.node.end_lineno or one.line) + 1) if name in paste.line(n)]
    at = lines[0] if lines else one.line
    return UsageError(
        f"{symbol} cannot be added to {upstream.name}: it needs {why}",
        details=[f"found: {paste.name}, line {at}: {paste.line(at).strip()}"],
        hint=f"paste the definition of {name} into the file, or import it from an installed package",
    )
