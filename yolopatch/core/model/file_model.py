"""A base model made of a YAML that somebody brings: upstream's P2, P6 and ghost files, a post's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import PREVIOUS, Layer, Scale
from yolopatch.catalog.model.models import MULTIPLES
from yolopatch.catalog.pins import Pin
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.file_rows import FileRow, read_rows
from yolopatch.core.model.flow_yaml import flow
from yolopatch.errors import UsageError

# Where upstream looks for the letter of the scale in a file's name, and what is before and behind it.
_NAME = re.compile(r"(.*?yolo(?:e-)?v?\d+)([nslmx]?)(.*)", re.DOTALL)
_NOT_COPIED = ("backbone", "head")


@dataclass(frozen=True)
class FileModel(BaseModel):
    """The model of a YAML, in all scales of the file.

    Attributes:
        file: the YAML, of which all other keys are kept.
    """

    file: CfgFile = field(kw_only=True)

    @property
    def template(self) -> str:
        """See BaseModel."""
        return "models/from.yaml.j2"

    @property
    def has_scales_table(self) -> bool:
        """Whether one file has all the scales that it can be built at: the file is written as it is."""
        return True

    @property
    def keeps_table(self) -> bool:
        """Whether the file has a table of scales."""
        return bool(self.file.content.get("scales"))

    def fits(self, pin: Pin) -> bool:
        """See BaseModel."""
        return pin == self.on

    def sized(self, scale: str = "") -> str:
        """Return the file's name with the letter of a scale where upstream reads it."""
        stem = self.file.path.stem
        found = _NAME.fullmatch(stem)
        if not scale or (len(self.scales) == 1 and not (found and found[2])):
            return stem
        if not found:
            return f"{stem}-{scale}"
        begun_word = found[3][:1].isalpha()  # the m of yolo11mine is no letter of a scale
        rest = found[2] + found[3] if begun_word else found[3]
        return f"{found[1]}{scale}{'-' if rest[:1].isalnum() else ''}{rest}"

    def stem(self, scale: str = "") -> str:
        """See BaseModel; the task is in the file's own name."""
        return self.sized(scale)

    def require_scale(self, scale: str) -> None:
        """Refuse to write a file for one scale as one for another.

        Raises:
            UsageError: the file is for another scale only.
        """
        if self.keeps_table and self.file.content.get("scale") and scale in self.scales:
            self.file.any_scale(scale)

    def scale_row(self, scale: str) -> str:
        """See BaseModel: as the file has it."""
        return flow(self.file.content["scales"][scale])

    def parameters(self, nc: int, scale: str | None) -> Iterator[str]:
        """Yield the lines of all keys but the layers, in the file's order.

        Args:
            nc: the number of classes to write.
            scale: the only scale to write, without its table; None for the file's own scales.
        """
        changed: dict[str, Any] = {"nc": nc, **(self.file.multiples_at(scale) or {} if scale else {})}
        content = {"nc": nc, **self.file.content} if "nc" not in self.file.content else self.file.content
        for key, value in content.items():
            if key in _NOT_COPIED or (scale and self.keeps_table and key in ("scale", "scales")):
                continue
            if key == "scales" and isinstance(value, dict) and value:
                yield "scales:"
                yield from (f"  {flow(letter)}: {flow(row)}" for letter, row in value.items())
            else:
                yield f"{flow(key)}: {flow(changed.get(key, value))}"


def model_of_file(file: CfgFile, pin: Pin) -> FileModel:
    """Return the model of a YAML as a pin's parser reads it.

    Raises:
        UsageError: a row is no layer, reads a layer that is not before it, or a scale has no numbers.
    """
    name = file.path.stem
    if not name.isprintable():
        raise UsageError(f"the name of the file {name!r} cannot be printed", hint="rename it")
    rows = read_rows(file)
    layers = tuple(_layer(row) for row in rows)
    split = sum(row.part == "backbone" for row in rows)
    return FileModel(
        name=name,
        scales=_scales(file),
        backbone=layers[:split],
        head=layers[split:],
        task=file.task,
        nc=file.nc,
        on=pin,
        file=file,
    )


def _layer(row: FileRow) -> Layer:
    return Layer(
        _name(row.index),
        row.module,
        tuple(_argument(value) for value in row.args),
        row.repeats,
        tuple(
            PREVIOUS if source == row.index - 1 and written == -1 else _name(source) for source, written in row.reads
        ),
        backward=all(written < 0 for _, written in row.reads),
    )


def _name(index: int) -> str:
    return f"layer_{index}"


def _argument(value: Any) -> int | float | str:
    """Return an argument as a layer has it: a whole number, also where the file has it as text, or what is written."""
    if isinstance(value, int):  # also True and False, which Python writes as upstream's files do
        return value
    if isinstance(value, str):
        try:
            number = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):  # a name, or no Python at all
            return flow(value)
        return number if type(number) is int else flow(value)
    return flow(value)


def _scales(file: CfgFile) -> Mapping[str, Scale]:
    table = file.content.get("scales")
    if table:
        return {letter: _scale(file, letter, table[letter]) for letter in file.letters}
    return MULTIPLES if file.letters else {}


def _scale(file: CfgFile, letter: str, row: list[Any]) -> Scale:
    numbers = [value for value in row if type(value) in (int, float)]
    if len(row) != 3 or numbers != row:
        raise UsageError(
            f"{file.path}: scale {letter} of its table has no numbers of a scale",
            details=["expected: [depth, width, max_channels], e.g. [0.33, 0.25, 1024]", f"found:    {flow(row)}"],
            hint=f"correct the line {letter} of scales in {file.path}",
        )
    depth, width, most = numbers
    return Scale(float(depth), float(width), most)
