"""A base model: one upstream model for one task, in all its scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yolopatch.catalog.model.layers import Layer, Scale
from yolopatch.catalog.pins import PINS, Pin

DETECT = "detect"
# What upstream writes into the file's name for each task.
TASKS: Mapping[str, str] = {DETECT: "", "segment": "-seg", "pose": "-pose", "obb": "-obb", "classify": "-cls"}

# Upstream's parser turns on a C3k2's `c3k` when the scale's letter is one of these.
_C3K_LETTERS = "mlx"


@dataclass(frozen=True)
class BaseModel:
    """One upstream model in all its scales.

    Attributes:
        name: the family: `yolo11`.
        task: one of `TASKS`.
        nc: the number of classes that upstream's own file has.
        head: the layers after the backbone; the last one is the model's output.
    """

    name: str
    scales: Mapping[str, Scale]
    backbone: tuple[Layer, ...]
    head: tuple[Layer, ...]
    task: str = DETECT
    nc: int = 80

    def stem(self, letter: str = "") -> str:
        """Return the name of upstream's file, at one scale if a letter is given: `yolo11n-seg`."""
        return f"{self.name}{letter}{TASKS[self.task]}"

    @property
    def template(self) -> str:
        """The file in `templates/` that lays the layers out."""
        return f"models/{self.name}/{self.stem()}.yaml.j2"

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins whose base model this is."""
        return tuple(pin for pin in PINS.values() if pin.model == self.name)

    @property
    def block(self) -> str:
        """The class of the model's repeated blocks: `C3k2`, `C2f` or `C3`."""
        return self.pins[0].block

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer; the index in this tuple is upstream's layer number."""
        return self.backbone + self.head

    @property
    def has_scales_table(self) -> bool:
        """Whether upstream has all scales in one file; if not, each scale has its own file."""
        return self.pins[0].layout.style == "ultralytics"

    def in_backbone(self, index: int) -> bool:
        """Tell whether this layer belongs to the backbone."""
        return index < len(self.backbone)

    def read_by_head(self) -> tuple[int, ...]:
        """Return the numbers of the layers that the last layer reads."""
        names = [layer.name for layer in self.layers]
        last = len(names) - 1
        return tuple(names.index(name) if name in names else last - 1 for name in self.layers[last].sources)

    def forces_c3k(self, scale: str) -> bool:
        """Tell whether upstream's parser builds every C3k2 of this scale with C3k."""
        return self.block == "C3k2" and scale in _C3K_LETTERS

    def letters_for(self, scale: str) -> tuple[str, ...]:
        """Return the letters under which upstream can build this scale from its own row, its own first.

        Upstream takes the letter from the file's name. With C3k2 the letter decides more than the row of the
        table: m, l and x can be built under any letter once `c3k` is written out, n and s only under n and s.
        """
        bound = self.block == "C3k2" and not self.forces_c3k(scale)
        fits = (letter for letter in self.scales if not (bound and self.forces_c3k(letter)))
        return tuple(dict.fromkeys((scale, *fits)))
