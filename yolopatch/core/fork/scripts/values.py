"""What the expressions of a script are, as far as its text decides it. Nothing runs."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from yolopatch.core.fork.difference.yaml_files import read_yaml
from yolopatch.core.fork.names.references import dotted_name
from yolopatch.core.fork.scripts.scopes import Function, Script, Setting
from yolopatch.core.plain_yaml import PlainYamlError

_DEEPEST = 30  # names that lead to names
_SUMS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Unknown(Exception):
    """The text does not decide a value."""


@dataclass(frozen=True)
class Given:
    """A value and where it is written.

    Attributes:
        value: as Python has it.
        path: the file.
        line: in it; 0 where it is unknown.
    """

    value: object
    path: str
    line: int


@dataclass(frozen=True)
class Values:
    """The values of one script.

    Attributes:
        script: its code.
        path: its path.
        yaml_file: returns the path and the text of a YAML that a script names; None where the fork has none.
        options: what a command gives to the options of the script, by the names that the script has.
    """

    script: Script
    path: str
    yaml_file: Callable[[str], tuple[str, str] | None]
    options: Mapping[str, Given] = field(default_factory=dict)

    def arguments(self, call: ast.Call) -> dict[str, Given]:
        """Return the arguments of a call that have names and known values, also those behind two stars."""
        found: dict[str, Given] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                found |= self.settings(keyword.value)
            else:
                found.pop(keyword.arg, None)
                found |= self._entry(keyword.arg, keyword.value)
        return found

    def settings(self, node: ast.expr, depth: int = 0) -> dict[str, Given]:
        """Return the entries of a dict with known values; empty where nothing is known."""
        if depth > _DEEPEST:
            return {}
        if isinstance(node, ast.Dict):
            return self._dict(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.settings(node.left, depth + 1) | self.settings(node.right, depth + 1)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._named(node, depth)
        return {}

    def value(self, node: ast.expr, depth: int = 0) -> object:
        """Return a value.

        Raises:
            Unknown: the text does not decide it.
        """
        if depth > _DEEPEST:
            raise Unknown
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.value(one, depth + 1) for one in node.elts]
        if isinstance(node, (ast.UnaryOp, ast.BinOp)):
            return self._number(node, depth)
        if isinstance(node, ast.IfExp):
            return self.value(node.body if self.value(node.test, depth + 1) else node.orelse, depth + 1)
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._value_of_name(node, depth)
        if isinstance(node, ast.Subscript):
            return self._item(node.value, self.value(node.slice, depth + 1), depth)
        raise Unknown

    def _entry(self, key: str, node: ast.expr, depth: int = 0) -> dict[str, Given]:
        try:
            return {key: Given(self.value(node, depth + 1), self.path, node.lineno)}
        except Unknown:
            return {}

    def _dict(self, node: ast.Dict, depth: int) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for key, value in zip(node.keys, node.values):
            if key is None:
                found |= self.settings(value, depth + 1)
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                found.pop(key.value, None)
                found |= self._entry(key.value, value, depth)
        return found

    def _called(self, node: ast.Call, depth: int) -> dict[str, Given]:
        name = (dotted_name(node.func) or "").rpartition(".")[2]
        if name == "dict":
            return self._entries(node, depth)
        if name in ("vars", "copy", "deepcopy") and node.args:
            return self.settings(node.args[0], depth + 1)
        if name in ("load", "safe_load", "yaml_load", "full_load"):
            return self._read(node)
        if name in ("parse_args", "parse_known_args"):
            return self._parsed
        if name in self.script.functions:
            return self._returned(self.script.functions[name], depth)
        if name in self.script.classes:
            return self._of_class(self.script.classes[name])
        if name == "copy" and isinstance(node.func, ast.Attribute):
            return self.settings(node.func.value, depth + 1)
        return {}

    def _entries(self, call: ast.Call, depth: int) -> dict[str, Given]:
        """Return what `dict(...)` or `.update(...)` gets: the entries of dicts, then arguments with names."""
        first = [self.settings(one, depth + 1) for one in call.args]
        return {key: one for part in (*first, self.arguments(call)) for key, one in part.items()}

    def _returned(self, function: Function, depth: int) -> dict[str, Given]:
        found = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value]
        return self.settings(found[0], depth + 1) if len(found) == 1 else {}

    def _of_class(self, node: ast.ClassDef) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for one in node.body:
            target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
            value = getattr(one, "value", None)
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                found |= self._entry(target.id, value)
        return found

    def _read(self, node: ast.Call) -> dict[str, Given]:
        """Return the values of a YAML that is opened and loaded."""
        opened = [node, *(value for one in node.args if isinstance(one, ast.Name) for value in self._opened_as(one.id))]
        parts = (part for one in opened for part in ast.walk(one) if isinstance(part, ast.Constant))
        texts = [part.value for part in parts if isinstance(part.value, str)]
        return next((self.of_yaml(text) for text in texts if text.endswith((".yaml", ".yml"))), {})

    def _opened_as(self, name: str) -> Iterator[ast.expr]:
        """Yield what `with open(...) as name` opens."""
        for node in ast.walk(self.script.tree):
            for item in node.items if isinstance(node, ast.With) else ():
                if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                    yield item.context_expr

    def of_yaml(self, named: str) -> dict[str, Given]:
        """Return the values of a YAML of the fork that a script names."""
        found = self.yaml_file(named)
        if found is None:
            return {}
        path, content = found
        try:
            text = read_yaml(content)
        except PlainYamlError:
            return {}
        return {key: Given(value, path, text.line(key)) for key, value in text.values.items()}

    @cached_property
    def _parsed(self) -> dict[str, Given]:
        """The options of the command line: what a command gives, else their defaults."""
        return self.defaults() | dict(self.options)

    def defaults(self) -> dict[str, Given]:
        """Return the defaults of the options of the command line."""
        found: dict[str, Given] = {}
        for call in self.script.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
                found |= self._option(call)
        return found

    def _option(self, call: ast.Call) -> dict[str, Given]:
        given = {one.arg: one.value for one in call.keywords if one.arg}
        names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        name = next((one for one in names if one.startswith("--")), next(iter(names), "")).lstrip("-")
        dest = _text(given.get("dest")) or name.replace("-", "_")
        if "default" in given:
            return self._entry(dest, given["default"])
        stored = {"store_true": False, "store_false": True}.get(_text(given.get("action")))
        return {} if stored is None else {dest: Given(stored, self.path, call.lineno)}

    def _named(self, node: ast.Name | ast.Attribute, depth: int) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for one in self._settings(node):
            found |= self._changed(one, depth)
        if not found and isinstance(node, ast.Name):
            if (value := self._given_to(node)) is not None:
                return self.settings(value, depth + 1)
            if node.id in self.script.classes:
                return self._of_class(self.script.classes[node.id])
        return found

    def _settings(self, node: ast.Name | ast.Attribute) -> tuple[Setting, ...]:
        return self.script.settings(dotted_name(node) or "", node)

    def _changed(self, one: Setting, depth: int) -> dict[str, Given]:
        """Return what a statement sets of a dict: all of it, or some entries."""
        if one.value is not None:
            return self.settings(one.value, depth + 1)
        if isinstance(one.node, ast.Call):
            return self._entries(one.node, depth)
        if isinstance(one.node, ast.Assign) and isinstance(one.node.targets[0], ast.Subscript):
            key = one.node.targets[0].slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                return self._entry(key.value, one.node.value, depth)
        return {}

    def _value_of_name(self, node: ast.Name | ast.Attribute, depth: int) -> object:
        settings = self._settings(node)
        if settings and settings[0].value is not None:
            return self.value(settings[0].value, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._item(node.value, node.attr, depth)
        value = self._given_to(node)
        if value is None:
            raise Unknown
        return self.value(value, depth + 1)

    def _item(self, node: ast.expr, key: object, depth: int) -> object:
        found = self.settings(node, depth + 1)
        if key not in found:
            raise Unknown
        return found[str(key)].value

    def _given_to(self, node: ast.Name) -> ast.expr | None:
        """Return what an argument of a function gets by its only call, or by its default where none gives it."""
        function = self.script.function_of(node)
        if function is None or (list(self.script.all_values(node.id)) and self._settings(node)):
            return None
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        calls = self.script.calls_by_name.get(function.name, [])
        if node.id not in {*names, *(one.arg for one in function.args.kwonlyargs)} or len(calls) > 1:
            return None
        for call in calls:
            named = next((one.value for one in call.keywords if one.arg == node.id), None)
            place = names.index(node.id) if node.id in names else len(call.args)
            if named is not None or place < len(call.args):
                return named or call.args[place]
        return _default(function, node.id)

    def _number(self, node: ast.UnaryOp | ast.BinOp, depth: int) -> object:
        parts = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        values = [self.value(one, depth + 1) for one in parts]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not values[0]
        numbers = [one for one in values if isinstance(one, (int, float))]
        if len(numbers) != len(values):
            raise Unknown
        if isinstance(node, ast.UnaryOp):
            return -numbers[0] if isinstance(node.op, ast.USub) else numbers[0]
        if type(node.op) not in _SUMS or (isinstance(node.op, ast.Div) and not numbers[1]):
            raise Unknown
        return _SUMS[type(node.op)](*numbers)


def _text(node: ast.expr | None) -> str:
    """Return a text that stands in the code; "" for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _default(function: Function, name: str) -> ast.expr | None:
    every = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(reversed(every), reversed(function.args.defaults)),
        *zip(function.args.kwonlyargs, function.args.kw_defaults),
    ]
    return next((value for argument, value in pairs if argument.arg == name), None)
