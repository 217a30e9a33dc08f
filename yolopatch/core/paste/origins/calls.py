"""Calls of upstream's classes, with the arguments that a pin's own class takes.

A post is written for one version of one upstream, and the same class takes other arguments in another: the seventh of
`Conv` is `act` in YOLOv5 6.1, and `d` in ultralytics. Which version a call is written for follows from where the file
imports the class, and from what the call gives; what each position means there, from the signatures of the pins.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from yolopatch.catalog.interfaces import interface, own_pins, python_files
from yolopatch.catalog.pins import PINS
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.origins.known import is_inside, paths_in
from yolopatch.core.paste.origins.signatures import Signature, read_signature
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.text.replacing import Change, Offsets


@dataclass(frozen=True)
class Misfit:
    """A call that an upstream's class cannot take: why, and how the class has to be called there."""

    call: ast.Call
    name: str
    why: str
    takes: Signature


@dataclass(frozen=True)
class FittedCall:
    """A call with other arguments: the changes of the text, and its arguments in words."""

    call: ast.Call
    name: str
    changes: tuple[Change, ...]
    said: str


def fit_calls(
    paste: Pasted, nodes: Iterable[ast.stmt], upstream: Upstream, packages: frozenset[str]
) -> Iterator[tuple[ast.stmt, FittedCall | Misfit]]:
    """Yield the calls in some statements that an upstream takes otherwise, or not at all, each with its statement.

    Args:
        paste: the file.
        nodes: statements of it.
        upstream: what the pin has.
        packages: what the file imports and is an installed package.
    """
    written_for = _Sources(paste, upstream, packages)
    offsets = Offsets(paste.text)
    for node in nodes:
        for call, name in _calls(node, written_for.names):
            target = upstream.signatures.get(name)
            if target is None or any(isinstance(one, ast.Starred) for one in call.args):
                continue
            if any(one.arg is None for one in call.keywords):
                continue
            found = _fitted(call, name, target, written_for.signatures(name), offsets)
            if found is not None:
                yield node, found


def _calls(node: ast.stmt, names: Mapping[str, str]) -> Iterator[tuple[ast.Call, str]]:
    """Yield the calls of upstream's classes in a statement, and of their constructors by a class made from one."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in names:
            yield one, names[one.func.id]
    bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
    if bases and bases[0] in names:
        calls = (one for one in ast.walk(node) if isinstance(one, ast.Call))
        yield from ((one, names[bases[0]]) for one in calls if ast.unparse(one.func) == "super().__init__")


class _Sources:
    """For which pins the calls of a file are written."""

    def __init__(self, paste: Pasted, upstream: Upstream, packages: frozenset[str]) -> None:
        nodes = (node for node in ast.walk(paste.tree) if isinstance(node, ast.ImportFrom))
        self._imports: dict[str, ast.ImportFrom] = {}
        self.names: dict[str, str] = {}
        for node in nodes:
            for alias in node.names if is_inside(node, packages) else ():
                if alias.name in upstream.defined_in:
                    self.names[alias.asname or alias.name] = alias.name
                    self._imports[alias.name] = node
        own = {name for one in paste.tree.body for name in _bound_there(one)}
        used = {node.id for node in ast.walk(paste.tree) if isinstance(node, ast.Name)}
        for name in (used & set(upstream.defined_in)) - own - set(self.names):
            self.names[name] = name

    def signatures(self, name: str) -> list[Signature]:
        """Return the signatures that a class has in the pins that have the module from which the file imports it."""
        node = self._imports.get(name)
        found: dict[Signature, None] = {}
        for pin in own_pins():
            written = interface(pin).signatures.get(name)
            if written is not None and (node is None or _has(pin, node)):
                found[read_signature(written)] = None
        return list(found)


def _bound_there(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name for alias in node.names)


def _has(pin: str, node: ast.ImportFrom) -> bool:
    return any(path in python_files(pin) for path in paths_in(PINS[pin].layout, node))


def _fitted(
    call: ast.Call, name: str, target: Signature, sources: list[Signature], offsets: Offsets
) -> FittedCall | Misfit | None:
    """Return the call as the target takes it; None if it stays as it is."""
    meant = [one for one in sources if _binds(one, call) and not _contradicts(one, call)]
    if target in meant or (not meant and _binds(target, call)):
        return None
    if not meant:
        return Misfit(call, name, _unbound(target, call), target)
    for source in meant:
        found = _moved(call, name, source, target, offsets)
        if isinstance(found, (FittedCall, type(None))):
            return found
    return found


def _binds(signature: Signature, call: ast.Call) -> bool:
    return not _unbound(signature, call)


def _unbound(signature: Signature, call: ast.Call) -> str:
    """Return which argument of a call a signature has no place for; "" if it has one for each."""
    if signature.takes_more:
        return ""
    if len(call.args) > len(signature.parameters):
        return f"{len(call.args)} arguments by position, and it takes {len(signature.parameters)}"
    known = {*signature.names, *(one.name for one in signature.by_name)}
    foreign = [str(one.arg) for one in call.keywords if one.arg not in known]
    return f"{foreign[0]}=, which it does not have" if foreign else ""


def _contradicts(signature: Signature, call: ast.Call) -> bool:
    """Tell whether a call gives what a signature cannot mean: `act` in the place of `d`, True as a number."""
    optional = {one.name for one in signature.parameters if one.default is not None}
    for parameter, value in zip(signature.parameters, call.args):
        named = value.id if isinstance(value, ast.Name) else ""
        if named in optional and named != parameter.name:
            return True
        if parameter.default is not None and _is_other_kind(parameter.default, value):
            return True
    return False


def _is_other_kind(default: str, value: ast.expr) -> bool:
    number = default.lstrip("-").replace(".", "", 1).isdigit()
    if number:
        text = isinstance(value, ast.Constant) and isinstance(value.value, (bool, str))
        return text or (isinstance(value, ast.Call) and ast.unparse(value.func).startswith(("nn.", "torch.nn.")))
    if default in ("True", "False"):
        plain = isinstance(value, ast.Constant) and type(value.value) in (int, float)
        return plain and value.value not in (0, 1)  # type: ignore[attr-defined]
    return False


def _moved(
    call: ast.Call, name: str, source: Signature, target: Signature, offsets: Offsets
) -> FittedCall | Misfit | None:
    """Return a call that is written for one signature as another one takes it."""
    have = {*target.names, *(one.name for one in target.by_name)}
    changes: list[Change] = []
    said = []
    for place, (parameter, value) in enumerate(zip(source.parameters, call.args)):
        stays = not changes and target.names[place : place + 1] == (parameter.name,)
        if stays:
            continue
        if parameter.name in have:
            changes.append(Change(offsets.start(value), offsets.start(value), f"{parameter.name}="))
            said.append(f"{parameter.name}={ast.unparse(value)}")
        elif ast.unparse(value) == parameter.default:
            changes.append(_without(call, place, offsets))
        else:
            return Misfit(call, name, f"{parameter.name}={ast.unparse(value)}, which it does not have", target)
    for keyword in call.keywords:
        if keyword.arg not in have:
            return Misfit(call, name, f"{keyword.arg}={ast.unparse(keyword.value)}, which it does not have", target)
    return FittedCall(call, name, tuple(changes), ", ".join(said)) if changes else None


def _without(call: ast.Call, place: int, offsets: Offsets) -> Change:
    """Return the change that takes an argument out of a call, with the comma at its side."""
    value = call.args[place]
    if place + 1 < len(call.args):
        return Change(offsets.start(value), offsets.start(call.args[place + 1]), "")
    before = call.args[place - 1] if place else call.func
    return Change(offsets.end(before) if place else offsets.start(value), offsets.end(value), "")
