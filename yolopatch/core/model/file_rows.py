"""The rows of a YAML that somebody brings, as upstream's parser reads them; what is no row is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.flow_yaml import flow
from yolopatch.errors import UsageError

_PARTS = ("backbone", "head")
_FORM = "expected: [from, repeats, class, [arguments]], e.g. [-1, 1, Conv, [64, 3, 2]]"
_SHOWN = 200  # characters of a value


@dataclass(frozen=True)
class FileRow:
    """A layer of a file.

    Attributes:
        index: the number of the layer.
        part: `backbone` or `head`.
        reads: for each source the number of the layer, -1 for the image, and how the file writes it.
    """

    index: int
    part: str
    reads: tuple[tuple[int, int], ...]
    repeats: int
    module: str
    args: tuple[Any, ...]


def read_rows(file: CfgFile) -> list[FileRow]:
    """Return every row of a file, backbone then head.

    Raises:
        UsageError: it has no layers, something that is no row, or a row that reads a layer which is not before it.
    """
    listed = [(part, row) for part in _PARTS for row in _part(file, part)]
    rows = [_read(file, index, part, row) for index, (part, row) in enumerate(listed)]
    if len(rows) < 2 or rows[-1].part != "head" or any(source < 0 for source, _ in rows[-1].reads):
        raise UsageError(
            f"{file.path} is not a whole model",
            details=["expected: layers, and as the last row of head one that reads them, e.g. Detect"],
            hint="name the YAML of a model, with backbone and head",
        )
    return rows


def _part(file: CfgFile, part: str) -> list[Any]:
    found = file.content.get(part)
    if not isinstance(found, list):
        raise UsageError(
            f"{file.path}: {part} is not a list of layers",
            details=["expected: rows of [from, repeats, class, [arguments]]", f"found:    {_shown(found)}"],
            hint=f"correct {part} in {file.path}",
        )
    return found


def _read(file: CfgFile, index: int, part: str, row: object) -> FileRow:
    if not isinstance(row, list) or len(row) != 4:
        raise _no_row(file, index, part, row)
    origin, repeats, module, args = row
    written = origin if isinstance(origin, list) else [origin]
    numbers = [*written, repeats]
    if not (written and all(type(number) is int for number in numbers) and _is_name(module) and isinstance(args, list)):
        raise _no_row(file, index, part, row)
    reads = tuple((index + number if number < 0 else number, number) for number in written)
    for source, number in reads:
        if not (0 <= source < index or (index == 0 and number == -1)):
            raise _not_before(file, index, part, number)
    return FileRow(index, part, reads, repeats, module, tuple(args))


def _is_name(module: object) -> bool:
    return isinstance(module, str) and all(part.isidentifier() for part in module.split("."))


def _no_row(file: CfgFile, index: int, part: str, row: object) -> UsageError:
    return UsageError(
        f"{file.path}: layer {index}, in {part}, is not a row of a model",
        details=[_FORM, f"found:    {_shown(row)}"],
        hint=f"correct the row of layer {index} in {file.path}",
    )


def _not_before(file: CfgFile, index: int, part: str, number: int) -> UsageError:
    known = f"layers 0 to {index - 1}, or -1 to -{index}" if index else "-1, the image"
    return UsageError(
        f"{file.path}: layer {index}, in {part}, reads {number}, which is not before it",
        details=[f"expected: {known}", f"found:    from {number}"],
        hint=f"correct the first value of the row of layer {index} in {file.path}",
    )


def _shown(value: object) -> str:
    text = flow(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
