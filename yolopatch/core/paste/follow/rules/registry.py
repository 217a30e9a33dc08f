"""The rules, by the names of what they follow. A rule is called with the run and with the arguments of the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Rule = Callable[..., Any]
_Rule = TypeVar("_Rule", bound=Rule)

# classes of torch.nn and of upstream; functions of torch and of torch.nn.functional, which are methods of a tensor,
# too; methods of a tensor that are no such function, or another one
LAYERS: dict[str, Rule] = {}
FUNCTIONS: dict[str, Rule] = {}
METHODS: dict[str, Rule] = {}


class Run(Protocol):
    """What a rule may ask of the code that is followed.

    Attributes:
        training: whether the module is in train mode.
    """

    training: bool

    def note(self, value: Any, role: str) -> None:
        """Note that a number is used in a role."""

    def call(self, called: Any, *given: Any, **named: Any) -> Any:
        """Call something of the code."""

    def truth(self, value: Any) -> bool:
        """Return whether a value is true."""

    def take_apart(self, value: Any) -> None:
        """Note that a value is used as a list of maps."""

    def find(self, what: str) -> None:
        """Note that the code does something that a model cannot have."""


def layer(*names: str) -> Callable[[_Rule], _Rule]:
    """Register the rule of a class: it takes the arguments of the constructor and returns a `Layer`."""
    return _registered(LAYERS, names)


def function(*names: str) -> Callable[[_Rule], _Rule]:
    """Register the rule of a function."""
    return _registered(FUNCTIONS, names)


def method(*names: str) -> Callable[[_Rule], _Rule]:
    """Register the rule of a tensor's method."""
    return _registered(METHODS, names)


def _registered(table: dict[str, Rule], names: tuple[str, ...]) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        table.update(dict.fromkeys(names, rule))
        return rule

    return register
