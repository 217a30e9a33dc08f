"""The parts of a model's YAML: a line for each layer, a row for each scale."""

from __future__ import annotations

from dataclasses import dataclass

PREVIOUS = "previous"


@dataclass(frozen=True)
class Layer:
    """One line of a model's YAML.

    Attributes:
        name: its name in templates and in other layers' `sources`; its number follows from the order.
        module: the class that upstream's parser builds.
        args: the YAML arguments; strings are written as they are, quotes included.
        repeats: how often the layer is repeated, before the scale's depth multiplies it.
        sources: names of the layers that it reads; `PREVIOUS` for the layer before it.
    """

    name: str
    module: str
    args: tuple[int | float | str, ...]
    repeats: int = 1
    sources: tuple[str, ...] = (PREVIOUS,)

    @property
    def kernel(self) -> int:
        """The kernel size, for a Conv."""
        return int(self.args[1])

    @property
    def stride(self) -> int:
        """The stride, for a Conv."""
        return int(self.args[2])

    @property
    def sets_padding(self) -> bool:
        """Whether a Conv sets its padding; the default is half the kernel."""
        return len(self.args) > 3

    @property
    def sets_channels(self) -> bool:
        """Whether its first argument is its number of output channels, before the scale's width multiplies it."""
        return isinstance(self.args[0], int) and self.module != "Concat"


@dataclass(frozen=True)
class Scale:
    """The multiples of repeats and channels of a model size; `max_channels` is the cap before multiplication."""

    depth: float
    width: float
    max_channels: int | None = None
