"""Find the last step of a pasted module's output: a norm, a bare convolution, or its input. The code is not run.

Each expression of `forward` has an `End`: the last step that made its values. Reshapes and activations keep the end, a
sum has the greatest end of its parts, and a product the end of its factors that are not gates.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from yolopatch.core.paste import layers
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.machine import Machine
from yolopatch.core.paste.follow.signature import defaults
from yolopatch.core.paste.follow.values import Library, PastedClass, Scope
from yolopatch.core.paste.made_layers import Constructed, elements_of
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import is_static

_DEEPEST = 12  # nested classes and functions
_LONGEST_NAME = 40  # of a layer in a text


class How(IntEnum):
    """The last step that made a value; for a sum, the greatest of its parts."""

    NOTHING = 0  # a number, a size, a weight
    GATE = 1  # a sigmoid or softmax: factors between 0 and 1
    INPUT = 2
    BARE = 3  # a convolution or matrix product without a norm after it
    OPEN = 4
    NORMED = 5


@dataclass(frozen=True)
class End:
    """The last step that made a value, and its name in the file."""

    how: How
    by: str = ""


NOTHING, GATE, INPUT, OPEN = End(How.NOTHING), End(How.GATE), End(How.INPUT), End(How.OPEN)


def end_of(paste: Pasted, name: str) -> End:
    """Return the end of a class's output."""
    return _class_end(paste, name, _DEEPEST)


def norms_in(paste: Pasted, name: str) -> tuple[str, ...]:
    """Return the norms that a class uses, directly or through other classes of the file, as named in the file."""
    found: dict[str, None] = {}
    seen, todo = {name}, [name]
    while todo:
        current = todo.pop()
        node = paste.classes.get(current) or paste.functions[current]
        for given in (n for n in ast.walk(node) if isinstance(n, ast.keyword) and _is_norm(n)):
            found[ast.unparse(given)] = None
        for used in (n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute)) or _is_text(n)):
            written = str(used.value) if isinstance(used, ast.Constant) else ast.unparse(used)
            if written in paste.classes or written in paste.functions:
                todo += [written] if written not in seen else []
                seen.add(written)
            elif layers.normalises(written.rpartition(".")[2]):
                found[written] = None
    return tuple(found)


def _is_text(node: ast.AST) -> bool:
    """Tell whether this is a text that may name a layer: `norm="BatchNorm2d"`, `"nn.ReLU"`."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < _LONGEST_NAME


def _class_end(paste: Pasted, name: str, depth: int) -> End:
    forward = paste.method(name, "forward")
    if forward is None:
        base = next((base for base in paste.bases(name) if base not in paste.classes), "")
        init = paste.method(name, "__init__")
        if init and base.rpartition(".")[2] == "Sequential":
            return _Reader(paste, name, depth).chain(Constructed.chain(init), INPUT)
        return End(How.NORMED, f"its base class {base}") if layers.normalises(base) else OPEN
    return _Reader(paste, name, depth).run(forward, _with_self(forward, [INPUT]))


def _with_self(method: ast.FunctionDef, given: Sequence[End]) -> list[End]:
    """Return the ends of a method's arguments, of which a static one has no object."""
    return [*given] if is_static(method) else [NOTHING, *given]


def _strongest(ends: Iterable[End]) -> End:
    return max(ends, key=lambda end: end.how, default=NOTHING)


def _product(ends: Sequence[End]) -> End:
    factors = [end for end in ends if end.how > How.GATE]
    return _strongest(factors or ends)


class _Reader:
    """Reads a function of the file, statement by statement."""

    def __init__(self, paste: Pasted, owner: str | None, depth: int) -> None:
        self._paste = paste
        self._owner = owner
        self._depth = depth
        self._made = Constructed.of(paste, owner) if owner else Constructed([])
        self._ends: dict[str, End] = {}
        self._modules: dict[str, list[ast.expr]] = {}
        self._returned: list[End] = []

    def run(self, function: ast.FunctionDef, given: Sequence[End]) -> End:
        """Return the end of what the function returns, for arguments with these ends."""
        if self._depth <= 0:
            return OPEN
        arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        self._ends = dict(zip(arguments, given))
        self._statements(function.body)
        return _strongest(self._returned)

    def _statements(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Return):
            self._returned.append(self._end(node.value))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                self._bind(target, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            parts = [self._end(node.target), self._end(node.value)]
            self._ends[node.target.id] = _product(parts) if isinstance(node.op, ast.Mult) else _strongest(parts)
        elif isinstance(node, ast.For):
            self._bind(node.target, node.iter)
            self._statements((*node.body, *node.orelse))
        elif isinstance(node, ast.If):
            self._either(node)
        elif isinstance(node, (ast.With, ast.While, ast.Try)):
            self._statements(node.body)

    def _either(self, node: ast.If) -> None:
        before = dict(self._ends)
        self._statements(node.body)
        one, self._ends = self._ends, before
        self._statements(node.orelse)
        names = {*one, *self._ends}
        self._ends = {name: _strongest(ends[name] for ends in (one, self._ends) if name in ends) for name in names}

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            modules = self._elements(value)
            if modules:
                self._modules[target.id] = modules
            self._ends[target.id] = self._end(value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            own = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else ()
            for number, part in enumerate(target.elts):
                self._bind(part.value if isinstance(part, ast.Starred) else part, own[number] if own else value)

    def _elements(self, node: ast.expr | None) -> list[ast.expr]:
        """Return the modules in the value that a loop goes over."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("enumerate", "zip", "reversed", "list"):
            return [module for argument in node.args for module in self._elements(argument)]
        return self._made.elements(node) if layers.is_own(node) else []

    def _end(self, node: ast.expr | None) -> End:
        if isinstance(node, ast.Name):
            return self._ends.get(node.id, NOTHING)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.IfExp):
            return _strongest([self._end(node.body), self._end(node.orelse)])
        if isinstance(node, (ast.Tuple, ast.List)):
            return _strongest(map(self._end, node.elts))
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            for part in node.generators:
                self._bind(part.target, part.iter)
            return self._end(node.elt)
        if isinstance(node, (ast.Subscript, ast.Starred, ast.UnaryOp)):
            return self._end(node.operand if isinstance(node, ast.UnaryOp) else node.value)
        if isinstance(node, ast.Attribute):
            return (
                NOTHING if layers.is_own(node) or node.attr in ("shape", "device", "dtype") else self._end(node.value)
            )
        return self._called(node) if isinstance(node, ast.Call) else NOTHING

    def _operation(self, node: ast.BinOp) -> End:
        parts = [self._end(node.left), self._end(node.right)]
        if isinstance(node.op, ast.MatMult):
            return End(How.BARE, ast.unparse(node))
        return _product(parts) if isinstance(node.op, ast.Mult) else _strongest(parts)

    def _called(self, node: ast.Call) -> End:
        """Return the end of a call: of a layer, a function of the file or of torch, or a tensor's method."""
        function, given = node.func, [self._end(argument) for argument in node.args]
        first = given[0] if given else NOTHING
        if isinstance(function, ast.Name) and function.id in self._modules:
            return _strongest(self._layer(one, first, function.id) for one in self._modules[function.id])
        if layers.is_own(function):
            return self._own(function, given)
        if ast.unparse(function) == "super().forward":
            return self._base(first)
        if isinstance(function, ast.Name) and function.id in self._paste.functions:
            reader = _Reader(self._paste, None, self._depth - 1)
            return reader.run(self._paste.functions[function.id], given)
        if isinstance(function, ast.Attribute) and not layers.is_library(function.value):
            given = [self._end(function.value), *given]  # a tensor's method
        return self._by_name(node, given)

    def _by_name(self, node: ast.Call, given: Sequence[End]) -> End:
        name, written = ast.unparse(node.func).rpartition(".")[2], ast.unparse(node.func)
        if layers.joins(name):
            return _strongest(given)
        if layers.multiplies(name):
            return _product(given)
        return _function_end(name, written, given[0] if given else NOTHING)

    def _own(self, function: ast.Attribute | ast.Subscript, given: Sequence[End]) -> End:
        """Return the end of `self.conv(x)`: of a layer that the constructor made, or of a method."""
        first, written = given[0] if given else NOTHING, ast.unparse(function)
        if isinstance(function, ast.Subscript):
            made = self._made.elements(function.value)
        else:
            own = self._paste.method(self._owner, function.attr) if self._owner else None
            if own:
                return _Reader(self._paste, self._owner, self._depth - 1).run(own, _with_self(own, given))
            made = self._made.values(function)
        if made:
            return _strongest(self._layer(one, first, written) for one in made)
        return first if layers.passes_on(written.rpartition(".")[2]) else OPEN

    def _base(self, first: End) -> End:
        for base in self._paste.bases(self._owner or ""):
            if base in self._paste.classes:
                return _through(_class_end(self._paste, base, self._depth - 1), first)
            if layers.normalises(base):
                return End(How.NORMED, "super().forward")
        return OPEN

    def _layer(self, made: ast.expr, first: End, by: str) -> End:
        """Return the end of a layer's output, for an input with the end `first`; `made` is its code in `__init__`."""
        if isinstance(made, (ast.IfExp, ast.BoolOp)):
            either = made.values if isinstance(made, ast.BoolOp) else (made.body, made.orelse)
            return _strongest(self._layer(one, first, by) for one in either)
        if isinstance(made, ast.Constant):
            return NOTHING
        if not isinstance(made, ast.Call):
            return first if layers.passes_on(ast.unparse(made)) or layers.passes_on(by) else OPEN
        kind = self._kind(made.func)
        if kind in self._paste.classes:
            return _through(_class_end(self._paste, kind, self._depth - 1), first, by)
        if layers.convolves(kind) and any(map(_is_norm, made.keywords)):
            return OPEN  # a package's own convolution, which normalises if it is told to
        chain = elements_of(made)
        if kind in self._paste.functions:
            chain = Constructed.by(self._paste.functions[kind])
        if chain is None:
            return _function_end(kind, by, first)
        return self.chain(chain, first, by)

    def chain(self, layers_in_it: Iterable[ast.expr], first: End, by: str = "") -> End:
        """Return the end of the output of layers one after the other, for an input with the end `first`."""
        for one in layers_in_it:
            first = self._layer(one, first, by or ast.unparse(one))
        return first

    def _kind(self, called: ast.expr) -> str:
        """Return the name of a class; `getattr(nn, norm)(c2)` is looked up with the defaults of the constructor."""
        if isinstance(called, (ast.Name, ast.Attribute)):
            return ast.unparse(called).rpartition(".")[2]
        init = self._paste.method(self._owner, "__init__") if self._owner else None
        machine, scope = Machine(self._paste), Scope()
        try:
            scope.names.update(defaults(machine, init, Scope()) if init else {})
            found = machine.evaluate(called, scope)
        except (Fails, Open, RecursionError):
            return ast.unparse(called)
        if isinstance(found, PastedClass):
            return found.name
        return found.plain if isinstance(found, Library) else ast.unparse(called)


def _is_norm(given: ast.keyword) -> bool:
    """Tell whether an argument gives a layer a norm: `norm=get_norm(...)`."""
    nothing = isinstance(given.value, ast.Constant) and not given.value.value
    return "norm" in (given.arg or "").split("_") and not nothing


def _through(end: End, first: End, by: str = "") -> End:
    """Return the end of a value with the end `first` after a layer with the end `end`."""
    return first if end.how is How.INPUT else replace(end, by=by or end.by)


def _function_end(name: str, written: str, first: End) -> End:
    """Return the end of the output of a function or class with this name, for a value with the end `first`."""
    if layers.normalises(name):
        return End(How.NORMED, written)
    if layers.convolves(name):
        return End(How.BARE, written)
    if layers.gates(name):
        return GATE
    return first if layers.passes_on(name) else OPEN
