"""A base model: one upstream model for one task, in all its scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from yolopatch.catalog.model.layers import PREVIOUS, Layer, Scale
from yolopatch.catalog.pins import PINS, Pin

DETECT = "detect"
# What upstream writes into the file's name for each task.
TASKS: Mapping[str, str] = {DETECT: "", "segment": "-seg", "pose": "-pose", "obb": "-obb", "classify": "-cls"}

# The letters that upstream takes from a file's name, whatever model it is.
_LETTERS = "nsmlx"
# Upstream's parser turns on a C3k2's `c3k` when the scale's letter is one of these.
_C3K_LETTERS = "mlx"
# It gives an A2C2f two more arguments when the letter is one of these; written out, they would be given twice.
_A2C2F_LETTERS = "lx"


@dataclass(frozen=True)
class Graph:
    """The layers of a model at one scale; of the head, the last one is the model's output."""

    backbone: tuple[Layer, ...]
    head: tuple[Layer, ...]


@dataclass(frozen=True)
class BaseModel:
    """One upstream model in all its scales.

    Attributes:
        name: the family: `yolo11`.
        task: one of `TASKS`.
        nc: the number of classes that upstream's own file has.
        head: the layers after the backbone; the last one is the model's output.
        graphs: the layers at each scale, for a family of which upstream has a file for each scale with its own layers;
            `backbone` and `head` are those of one of them.
        separator: what upstream writes between the family and the scale in a file's name.
        on: the pin that it is written for; None for the family's usual one.
        size: the scale whose layers it has, of a family with `graphs`; "" before `at` has chosen one.
    """

    name: str
    scales: Mapping[str, Scale]
    backbone: tuple[Layer, ...]
    head: tuple[Layer, ...]
    task: str = DETECT
    nc: int = 80
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    separator: str = ""
    on: Pin | None = None
    size: str = ""

    def at(self, scale: str) -> BaseModel:
        """Return the model with the layers that it has at a scale, or the same model where all scales have the same."""
        graph = self.graphs.get(scale)
        return replace(self, backbone=graph.backbone, head=graph.head, size=scale) if graph else self

    def each_graph(self) -> Iterator[tuple[str, BaseModel]]:
        """Yield every scale and the model at it; where all have the same layers, only the first."""
        for scale in self.graphs or tuple(self.scales)[:1]:
            yield scale, self.at(scale)

    def sized(self, scale: str = "") -> str:
        """Return the family's name with a scale as upstream writes it, without the task: `yolo11n`."""
        return f"{self.name}{self.separator if scale else ''}{scale}"

    def stem(self, scale: str = "") -> str:
        """Return the name of upstream's file, at one scale if it is given: `yolo11n-seg`."""
        return f"{self.sized(scale or self.size)}{TASKS[self.task]}"

    @property
    def template(self) -> str:
        """The file in `templates/` that lays the layers out."""
        return f"models/{self.name}/{self.name}{TASKS[self.task]}.yaml.j2"

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins that build this base model."""
        return tuple(pin for pin in PINS.values() if self.fits(pin))

    def fits(self, pin: Pin) -> bool:
        """Tell whether a pin builds this base model."""
        return self.name in pin.families

    @property
    def pin(self) -> Pin:
        """The pin that it is written for; by default the newest that is for this family, else the first that has it."""
        ours = [pin for pin in self.pins if pin.home is None]
        return self.on or next((pin for pin in reversed(ours) if pin.model == self.name), ours[0])

    @property
    def block(self) -> str:
        """The class of the blocks that a module can replace: `C3k2`, `C2f` or `C3`."""
        return self.pin.block

    @property
    def style(self) -> str:
        """Whose parser builds it: `ultralytics` or `yolov5`."""
        return self.pin.layout.style

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer; the index in this tuple is upstream's layer number."""
        return self.backbone + self.head

    @property
    def has_scales_table(self) -> bool:
        """Whether upstream has all scales in one file; if not, each scale has its own file."""
        return self.style == "ultralytics" and not self.graphs

    @property
    def scales_channels(self) -> bool:
        """Whether any scale multiplies the numbers of channels in the rows."""
        return any(scale.width != 1 for scale in self.scales.values())

    def in_backbone(self, index: int) -> bool:
        """Tell whether this layer belongs to the backbone."""
        return index < len(self.backbone)

    def reads_image(self, index: int) -> bool:
        """Tell whether the input of this layer is the image, as it is or through layers that change nothing."""
        return all(source < 0 or self._passes_image(source) for source in self.sources_of(index))

    def _passes_image(self, index: int) -> bool:
        return self.layers[index].module == "nn.Identity" and self.reads_image(index)

    def sources_of(self, index: int) -> tuple[int, ...]:
        """Return the numbers of the layers that a layer reads; -1 is the image."""
        names = [layer.name for layer in self.layers]
        return tuple(index - 1 if name == PREVIOUS else names.index(name) for name in self.layers[index].sources)

    def read_by_head(self) -> tuple[int, ...]:
        """Return the numbers of the layers that the last layer reads."""
        return self.sources_of(len(self.layers) - 1)

    def scale_row(self, scale: str) -> str:
        """Return the numbers of a scale as upstream's table has them."""
        row = self.scales[scale]
        return f"[{row.depth:.2f}, {row.width:.2f}, {row.max_channels}]"

    def letter(self, scale: str) -> str:
        """Return the letter of a scale in upstream's table: `l` for RT-DETR's `resnet50`, else the scale itself."""
        return self.scales[scale].letter or scale

    def forces_c3k(self, scale: str) -> bool:
        """Tell whether upstream's parser builds every C3k2 of this scale with C3k."""
        return self.has("C3k2") and scale in _C3K_LETTERS

    def letters_for(self, scale: str) -> tuple[str, ...]:
        """Return the letters under which upstream can build this scale from its own row, its own first.

        Upstream takes the letter from the file's name. With C3k2 and A2C2f the letter decides more than the row of the
        table: C3k2's part of m, l and x can be built under any letter once `c3k` is written out; n and s only under
        letters that do not turn it on. A2C2f's part of l and x cannot be written out.
        """
        letters = (self.letter(scale), *(letter for letter in self.scales if len(letter) == 1), *_LETTERS)
        return tuple(letter for letter in dict.fromkeys(letters) if self._builds_under(scale, letter))

    def barred_letters(self, scale: str) -> tuple[str, ...]:
        """Return the letters of upstream's under which it would build another model of this scale's row."""
        return tuple(letter for letter in _LETTERS if not self._builds_under(scale, letter))

    def _builds_under(self, scale: str, letter: str) -> bool:
        if self.has("C3k2") and letter in _C3K_LETTERS and scale not in _C3K_LETTERS:
            return False
        return not self.has("A2C2f") or (letter in _A2C2F_LETTERS) == (scale in _A2C2F_LETTERS)

    def has(self, stem: str) -> bool:
        """Tell whether it has blocks of this class, or of a module's class in its place."""
        return any(layer.stands_for(stem) for layer in self.layers)
