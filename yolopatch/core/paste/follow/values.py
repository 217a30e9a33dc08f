"""What the code of a pasted file works with when it is followed: maps without numbers, layers, objects, functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yolopatch.core.paste.follow.errors import Open

ARRAY = "numpy.ndarray"  # the kind of a tensor that is an array of numpy
SELF = "<self>"  # under this name, the scope of a method has its object


@dataclass
class Scope:
    """The names of a function, inside those of the function around it.

    Attributes:
        names: what is assigned in it.
        parent: of the function around it; None for a function of the file.
        owner: the class of the method; "" for a function.
    """

    names: dict[str, Any] = field(default_factory=dict)
    parent: Scope | None = None
    owner: str = ""

    def holder(self, name: str) -> Scope | None:
        """Return the nearest scope that has this name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def inside(self) -> Scope:
        """Return a new scope inside this one."""
        return Scope(parent=self, owner=self.owner)


class Size(tuple[int, ...]):
    """The shape of a tensor as the code gets it: where torch wants a list of numbers, it means a shape."""


class Pair(tuple[Any, ...]):
    """What torch gives for the values and their places: a tuple whose two parts have these names, too."""

    names = ("values", "indices")


class Environment(dict[str, Any]):
    """`os.environ` of a computer on which nobody set the variables that the code asks for."""


class Weights(list[Any]):
    """The parameters or buffers of a module; `more`: whether it has layers, whose own are not in the list."""

    more = False


class Keywords(dict[str, Any]):
    """The `**kwargs` of a call."""


class Table(dict[Any, Any]):
    """A dict of the file, or of the body of a class, that code fills elsewhere: it may have more than is followed."""


@dataclass(unsafe_hash=True)
class Tensor:
    """A tensor, of which only the shape is known; of a short list that torch or numpy counts, the values, too.

    The values are no longer known where the code sets some of them.
    `half`: whether it is a part of another map, as `chunk` gives it, so that its images do not lie side by side.
    """

    shape: tuple[int, ...]
    kind: str = "torch.float32"
    values: tuple[float, ...] | None = None
    half: bool = False

    @property
    def is_array(self) -> bool:
        """Whether it is an array of numpy."""
        return self.kind == ARRAY


@dataclass(frozen=True)
class Unknown:
    """A value that cannot be followed, and what made it so."""

    what: str
    line: int = 0


@dataclass(frozen=True)
class Library:
    """Something of a library, by its dotted name: `torch.nn.Conv2d`."""

    name: str

    @property
    def plain(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass
class Hooks:
    """The functions that a module was given to be called before and after its forward."""

    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)


@dataclass
class Layer:
    """A layer of a library.

    Attributes:
        name: of its class.
        call: what it makes of its inputs.
        attributes: those that are known.
        children: the layers in it, of Sequential and the lists.
        hooks: what is called with it.
    """

    name: str
    call: Callable[..., Any] | None
    attributes: dict[str, Any] = field(default_factory=dict)
    children: dict[str, Any] = field(default_factory=dict)
    hooks: Hooks = field(default_factory=Hooks)


@dataclass
class Instance:
    """An object of a class of the file.

    Attributes:
        owner: the class.
        attributes: those that are known.
        base: what the constructor of its library class made.
        hooks: what is called with it.
        given, named: the arguments of its constructor.
    """

    owner: str
    attributes: dict[str, Any] = field(default_factory=dict)
    base: Layer | None = None
    hooks: Hooks = field(default_factory=Hooks)
    given: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PastedClass:
    """A class of the file."""

    name: str


@dataclass(frozen=True)
class Function:
    """A function of the file, with the scope that it was defined in; a method has its class and its object."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope
    defaults: Mapping[str, Any]
    owner: str = ""
    bound: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Builtin:
    """A function that is known, with the arguments that are already given."""

    name: str
    run: Callable[..., Any]
    given: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Super:
    """`super()` in a method of the class `owner`."""

    owner: str
    instance: Any


class Whole(int):
    """A whole number that was computed from arguments of the constructor.

    Attributes:
        of: the arguments that it was computed from.
        exact: the argument that it is; "" for anything computed.
    """

    of: frozenset[str] = frozenset()
    exact: str = ""


class Real(float):
    """A number that was computed from arguments of the constructor, as `Whole`."""

    of: frozenset[str] = frozenset()
    exact: str = ""


def argument(name: str, value: Any) -> Any:
    """Return a value as that of an argument of the constructor, so that its uses can be told."""
    return _traced(value, frozenset({name}), name)


def computed(value: Any, *sources: Any) -> Any:
    """Return a number as computed from these values."""
    of = frozenset(name for one in sources for name in origins(one))
    return _traced(value, of, "") if of else value


def origins(value: Any) -> frozenset[str]:
    """Return the arguments of the constructor that a value was computed from."""
    if isinstance(value, (Whole, Real)):
        return value.of
    if isinstance(value, (tuple, list)):
        return frozenset(name for one in value for name in origins(one))
    return frozenset()


def _traced(value: Any, of: frozenset[str], exact: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    made: Whole | Real = Whole(value) if isinstance(value, int) else Real(value)
    made.of, made.exact = of, exact
    return made


def unknown_in(value: Any) -> Unknown | None:
    """Return what is unknown in a value, in a list or tuple of values, too."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, (tuple, list)):
        return next((found for one in value if (found := unknown_in(one))), None)
    return None


def hashable(values: list[Any]) -> list[Any]:
    """Return values that a set or the names of a dict can have.

    Raises:
        Open: one of them is none.
    """
    if not all(isinstance(one, (int, float, str, tuple)) for one in values):
        raise Open("a set")
    return values
