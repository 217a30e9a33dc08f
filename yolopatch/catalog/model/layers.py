"""What a model's YAML is made of: a line for each layer, a row for each scale."""

from __future__ import annotations

from dataclasses import dataclass

PREVIOUS = "previous"


@dataclass(frozen=True)
class Layer:
    """One line of a model's YAML.

    Attributes:
        name: what templates and other layers call it; its number follows from the order.
        module: the class that upstream's parser builds.
        args: the YAML arguments; strings stand in the file as they are, quotes included.
        repeats: how often, before the scale's depth multiplies it.
        sources: names of the layers it reads, `PREVIOUS` for the one above it.
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
        """Whether a Conv names its padding instead of leaving it at half the kernel."""
        return len(self.args) > 3

    @property
    def sets_channels(self) -> bool:
        """Whether its first argument is how many channels it gives, before the scale's width multiplies them."""
        return isinstance(self.args[0], int) and self.module != "Concat"


@dataclass(frozen=True)
class Scale:
    """How a model size multiplies repeats and channels; `max_channels` caps them before that."""

    depth: float
    width: float
    max_channels: int | None = None
