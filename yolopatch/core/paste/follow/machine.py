"""Follow the code of a pasted file: statement by statement, with shapes in the place of tensors. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from yolopatch.core.paste.follow import calls, expressions, statements
from yolopatch.core.paste.follow.builtin import builtin
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.file_names import UPSTREAM, assigned_names, filled_names, imported_names
from yolopatch.core.paste.follow.libraries import is_usual
from yolopatch.core.paste.follow.rules import arrays
from yolopatch.core.paste.follow.rules.containers import DICTS, LISTS
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.signature import defaults
from yolopatch.core.paste.follow.uses import LIST, Uses
from yolopatch.core.paste.follow.values import (
    Environment,
    Function,
    Instance,
    Layer,
    Library,
    PastedClass,
    Scope,
    Table,
    Tensor,
    Unknown,
    unknown_in,
)
from yolopatch.core.paste.names import filled
from yolopatch.core.paste.reading import Pasted

_MOST_STEPS = 220_000  # expressions; a class of a post has some thousand, and tables of offsets 70,000 for each repeat
_LONGEST = 10_000  # elements of what a loop goes over
_DEEPEST = 30  # functions inside each other


class Machine:
    """Follows one call of a class of a file.

    Attributes:
        paste: the file.
        training: whether the module is in train mode.
        uses: what the code does with the arguments of the constructor.
        findings: what a model cannot have, each with its line.
        inputs: what the forward was given.
        parted: the line that uses an input as a list of maps, though it is one map; 0 where none does.
        nested: the same of a map in a list that the forward was given.
        line: of the code that is followed.
        environment: the variables of the environment that the code itself sets.
        made: the objects of the file's classes that were made while no other one was, also one not made to its end.
        making: whether one is being made.
    """

    def __init__(self, paste: Pasted, training: bool = True) -> None:
        """Start at the beginning of a file."""
        self.paste = paste
        self.training = training
        self.uses = Uses()
        self.findings: list[tuple[int, str]] = []
        self.inputs: list[Any] = []
        self.parted = 0
        self.nested = 0
        self.line = 0
        self._imports = imported_names(paste)
        self._assigned = assigned_names(paste)
        self._known: dict[str, Any] = {}
        self.environment = Environment()
        self.made: list[Instance] = []
        self.making = False
        self._steps = 0
        self._depth = 0

    def name(self, name: str, scope: Scope) -> Any:
        """Return what a name is."""
        holder = scope.holder(name)
        if holder is not None:
            return holder.names[name]
        if name in self.paste.classes:
            return PastedClass(name)
        if name in self.paste.functions:
            node = self.paste.functions[name]
            return Function(node, Scope(), defaults(self, node, Scope()))
        if name in self._assigned:
            return self._assigned_value(name)
        if name in self._imports:
            return self.of_library(self._imports[name])
        known = builtin(self, name)
        if known is not None:
            return known
        if is_usual(name):
            return Library(f"{UPSTREAM}.{name}")
        return self.unknown(f"{name}, which the file does not have")

    def of_library(self, found: Library) -> Any:
        """Return what a name of a library is: of the environment its variables, and of anything else the name."""
        if found.plain.startswith("__"):
            return self.unknown(found.name)  # torch.__version__
        return self.environment if found.name == "os.environ" else found

    def _assigned_value(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self.unknown(f"{name}, which is made of itself")
            self._known[name] = self._as_table(name, self.evaluate(self._assigned[name], Scope()))
            for node in self.paste.tree.body:
                if name in filled(node):
                    self.execute([node], Scope())
        return self._known[name]

    def of_class(self, owner: str, name: str, node: ast.expr) -> Any:
        """Return what the body of a class assigns to a name; all objects of the class share it."""
        key = f"{owner}.{name}"
        if key not in self._known:
            self._known[key] = self._as_table(name, self.evaluate(node, Scope(owner=owner)))
        return self._known[key]

    def _as_table(self, name: str, value: Any) -> Any:
        return Table(value) if type(value) is dict and name in filled_names(self.paste) else value

    def unknown(self, what: str) -> Unknown:
        """Return a value that cannot be followed."""
        return Unknown(what, self.line)

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """Return the value of an expression.

        Raises:
            Fails: the code raises.
            Open: it cannot be followed, or is too long.
        """
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Open("code of many steps", node.lineno)
        self.line = node.lineno
        handler = expressions.HANDLERS.get(type(node))
        if handler is None:
            raise Open(f"the code `{ast.unparse(node)[:60]}`", node.lineno)
        try:
            return handler(self, node, scope)
        except (Fails, Open) as error:
            error.line = error.line or node.lineno
            raise

    def execute(self, body: list[ast.stmt], scope: Scope) -> statements.Signal | None:
        """Follow statements; return how they end early, None where they go on.

        Raises:
            Fails, Open: as `evaluate`.
        """
        for node in body:
            self.line = node.lineno
            handler = statements.HANDLERS.get(type(node))
            if handler is None:
                raise Open(f"the statement `{ast.unparse(node).splitlines()[0][:60]}`", node.lineno)
            try:
                signal = handler(self, node, scope)
            except (Fails, Open) as error:
                error.line = error.line or node.lineno
                raise
            if signal:
                return signal
        return None

    def call(self, called: Any, *given: Any, **named: Any) -> Any:
        """Return what a call gives."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise Open("calls inside each other")
            return calls.call(self, called, given, named)
        finally:
            self._depth -= 1

    def truth(self, value: Any) -> bool:
        """Return whether a value is true.

        Raises:
            Open: it is unknown, or of a tensor.
        """
        unknown = value if isinstance(value, Unknown) else None
        if unknown:
            raise Open(unknown.what, unknown.line)
        if isinstance(value, Tensor):
            raise Open("a condition on a tensor's values")
        if isinstance(value, Layer) and value.name in (*LISTS, *DICTS):
            return bool(value.children)
        return True if isinstance(value, (Layer, Instance, Library)) else bool(value)

    def iterate(self, value: Any) -> Iterator[Any]:
        """Yield what a loop goes over.

        Raises:
            Open: it is unknown, or too long.
        """
        for number, one in enumerate(self._elements(value)):
            if number >= _LONGEST:
                raise Open("a loop of many rounds")
            yield one

    def _elements(self, value: Any) -> Any:
        if isinstance(value, Unknown):
            raise Open(value.what, value.line)
        if isinstance(value, Layer) and value.name in LISTS:
            return list(value.children.values())
        if isinstance(value, Layer) and value.name in DICTS:
            return list(value.children)
        if isinstance(value, Instance) and value.base is not None:
            return self._elements(value.base)
        if isinstance(value, Tensor):
            if not value.shape:
                raise Fails("a loop over a tensor without dimensions", "TypeError")
            if arrays.is_array(value):
                return arrays.rows(value)
            self.take_apart(value)
            if value.values is not None:
                return [Tensor((), value.kind, (one,)) for one in value.values]
            return [Tensor(value.shape[1:])] * min(value.shape[0], _LONGEST + 1)
        if isinstance(value, (list, tuple, range, dict, set, str)):
            return value
        if value is None or isinstance(value, (int, float)):
            self.note(value, LIST)
            raise Fails(f"a loop over {shown(value)}", "TypeError")
        raise Open(f"a loop over {shown(value)}")

    def note(self, value: Any, role: str) -> None:
        """Note that a number is used in a role, in the line that is followed."""
        self.uses.note(value, role, self.line)

    def take_apart(self, value: Any) -> None:
        """Note that a value is used as a list of maps: it matters for the one map that the forward gets."""
        if any(value is one for one in self.inputs):
            self.parted = self.parted or self.line
        if any(value is one for given in self.inputs if isinstance(given, list) for one in given):
            self.nested = self.nested or self.line

    def find(self, what: str) -> None:
        """Note that the code does something that a model cannot have."""
        if (self.line, what) not in self.findings:
            self.findings.append((self.line, what))

    def known(self, value: Any) -> Any:
        """Return a value that is known.

        Raises:
            Open: it is unknown, or a part of it is.
        """
        unknown = unknown_in(value)
        if unknown:
            raise Open(unknown.what, unknown.line)
        return value
