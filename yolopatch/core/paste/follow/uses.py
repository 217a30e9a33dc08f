"""What the code does with the arguments of the constructor, noted while it is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yolopatch.core.paste.follow.values import Real, Whole, origins

# What a number is used for. The first seven are arguments of a convolution.
CONV_IN, CONV_OUT, KERNEL, STRIDE, PADDING, DILATION, GROUPS = (
    "input channels",
    "output channels",
    "the kernel",
    "the stride",
    "the padding",
    "the dilation",
    "the groups",
)
COUNT, DIVISOR, FACTOR, POOL, SIZE, TEST, FACTOR_OF_SIZE, LIST, CALLED, OTHER = (
    "a count",
    "a divisor",
    "a factor",
    "the size of a pool",
    "a size",
    "a condition",
    "a factor of the map's size",
    "a list",
    "a layer",
    "something that cannot be followed",
)


@dataclass(frozen=True)
class Use:
    """A use of an argument.

    Attributes:
        role: one of the constants above.
        line: where.
        exact: whether the argument itself is used, and nothing that is computed from it.
    """

    role: str
    line: int
    exact: bool


@dataclass
class Uses:
    """All uses of each argument."""

    by_argument: dict[str, list[Use]] = field(default_factory=dict)

    def note(self, value: Any, role: str, line: int) -> None:
        """Note that a value is used."""
        for name in origins(value):
            use = Use(role, line, any(isinstance(one, (Whole, Real)) and one.exact == name for one in _parts(value)))
            known = self.by_argument.setdefault(name, [])
            if use not in known:
                known.append(use)

    def of(self, name: str) -> tuple[Use, ...]:
        """Return the uses of an argument, in the order in which they were found."""
        return tuple(self.by_argument.get(name, ()))

    def roles(self, name: str) -> frozenset[str]:
        """Return what an argument is used for."""
        return frozenset(use.role for use in self.of(name))


def _parts(value: Any) -> list[Any]:
    return [part for one in value for part in _parts(one)] if isinstance(value, (tuple, list)) else [value]
