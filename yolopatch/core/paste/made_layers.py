"""The layers that a constructor or function makes: by attribute, with lists of layers in full."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from yolopatch.core.paste.reading import Pasted

_CHAINS = ("Sequential", "ModuleList")
_ADDING = ("append", "add_module", "extend", "insert")


class Constructed:
    """What functions assign to names and attributes; for an attribute, the nearest function counts."""

    def __init__(self, functions: list[ast.FunctionDef]) -> None:
        """Read the functions, the nearest first."""
        self._scopes = [_Scope(function) for function in functions]

    @classmethod
    def of(cls, paste: Pasted, owner: str) -> Constructed:
        """Read the constructors of a class and of its base classes in the file."""
        classes = [name for name in (owner, *paste.bases(owner)) if name in paste.classes]
        inits = [paste.own_method(name, "__init__") for name in classes]
        return cls([init for init in inits if init])

    @classmethod
    def by(cls, function: ast.FunctionDef) -> list[ast.expr]:
        """Return the layers that a function returns, in order; empty if it is unknown."""
        scope = _Scope(function)
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        if not returned:
            return []
        made = scope.values(ast.unparse(returned[-1])) or [scope.resolved(returned[-1])]
        return [made[-1]]

    @classmethod
    def chain(cls, init: ast.FunctionDef) -> list[ast.expr]:
        """Return the layers of a class that is itself a Sequential: those that it gives its base class, and adds."""
        scope = _Scope(init)
        base = next((one for one in ast.walk(init) if isinstance(one, ast.Call) and _is_base(one.func)), None)
        given = [one for one in base.args if ast.unparse(one) != "self"] if base else []
        return elements_of(scope.made(ast.Call(ast.Name("Sequential", ast.Load()), given, []), "self")) or []

    def values(self, target: ast.expr) -> list[ast.expr]:
        """Return what is assigned to `self.x`."""
        return next((found for scope in self._scopes if (found := scope.values(ast.unparse(target)))), [])

    def elements(self, target: ast.expr) -> list[ast.expr]:
        """Return the layers in the list `self.x`."""
        return [one for made in self.values(target) for one in elements_of(made) or ()]


def _is_base(called: ast.expr) -> bool:
    """Tell whether this is the constructor of a base class: `super().__init__`, `nn.Sequential.__init__`."""
    return isinstance(called, ast.Attribute) and called.attr == "__init__"


def elements_of(made: ast.expr) -> list[ast.expr] | None:
    """Return the layers of a Sequential or list whose parts are resolved; None for anything else."""
    if isinstance(made, ast.List):
        return made.elts
    if isinstance(made, ast.Call) and ast.unparse(made.func).rpartition(".")[2] in _CHAINS:
        return made.args
    return None


class _Scope:
    """A function: what it assigns, and what it appends to its lists and Sequentials."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self._values: dict[str, list[ast.expr]] = {}
        self._added: dict[str, list[ast.expr]] = {}
        nodes = [node for node in ast.walk(function) if isinstance(node, (ast.Assign, ast.AugAssign, ast.Call))]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            self._read(node)

    def values(self, target: str) -> list[ast.expr]:
        """Return what is assigned to this name or attribute."""
        return [self.made(value, target) for value in self._values.get(target, ())]

    def made(self, value: ast.expr, target: str) -> ast.expr:
        """Return a value with all that the function adds to its name or attribute."""
        return self.resolved(value, self._added.get(target, ()))

    def resolved(self, made: ast.expr, added: Iterable[ast.expr] = ()) -> ast.expr:
        """Return the expression with all parts of a Sequential, including those that were added later."""
        parts = elements_of(made)
        if parts is None:
            return made
        found = [one for part in (*parts, *added) for one in self._parts(part)]
        return ast.Call(ast.Name("Sequential", ast.Load()), found, [])

    def _read(self, node: ast.Assign | ast.AugAssign | ast.Call) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._values.setdefault(ast.unparse(target), []).append(node.value)
        elif isinstance(node, ast.AugAssign):
            self._added.setdefault(ast.unparse(node.target), []).append(node.value)
        elif isinstance(node.func, ast.Attribute) and node.args and node.func.attr in _ADDING:
            self._added.setdefault(ast.unparse(node.func.value), []).append(node.args[-1])

    def _parts(self, part: ast.expr) -> Iterator[ast.expr]:
        """Yield the layers in one part of a Sequential."""
        if isinstance(part, ast.Starred):
            yield from self._parts(part.value)
        elif isinstance(part, (ast.ListComp, ast.GeneratorExp)):
            yield from self._parts(part.elt)
        elif isinstance(part, ast.List):
            yield from (one for element in part.elts for one in self._parts(element))
        elif isinstance(part, ast.Tuple):  # a name and a layer, in an OrderedDict
            yield from self._parts(part.elts[-1])
        elif isinstance(part, ast.Call) and ast.unparse(part.func).endswith("OrderedDict"):
            given = (*part.args, *(keyword.value for keyword in part.keywords))
            yield from (one for argument in given for one in self._parts(argument))
        elif isinstance(part, ast.Name) and part.id in self._values:
            last = self._values[part.id][-1]
            if isinstance(last, ast.Call) and ast.unparse(last.func).endswith("OrderedDict"):
                yield from self._parts(last)
                return
            lists = [found for value in self.values(part.id) if (found := elements_of(value)) is not None]
            yield from lists[-1] if lists else [part]
        else:
            yield self.resolved(part)
