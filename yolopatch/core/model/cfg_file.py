"""The content of a model YAML, without building it: its number of classes, its task and its scales."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from yolopatch.catalog.model.base_model import DETECT, TASKS, BaseModel
from yolopatch.catalog.model.layers import Scale
from yolopatch.catalog.model.models import ALL_SCALES, MULTIPLES, find_scales
from yolopatch.catalog.names import unknown
from yolopatch.core.model.cfg_yaml import load_mapping
from yolopatch.errors import UsageError

# Where upstream looks for the letter in a file's name.
_LETTER = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")
_CLASSES = 80  # upstream's default
_LARGEST = 2**20  # of the numbers; a layer has at most 2**11 channels, a data set some 2**14 classes


@dataclass(frozen=True)
class CfgFile:
    """A model YAML.

    Attributes:
        path: its name, from which upstream takes the scale's letter.
        content: the document as PyYAML reads it; for a repeated key the last value, as in upstream.
    """

    path: PurePath
    content: Mapping[str, Any]

    @property
    def nc(self) -> int:
        """The number of classes.

        Raises:
            UsageError: `nc` is not a number.
        """
        found = self.content.get("nc")
        if found is None:
            return _CLASSES
        number = _number(found)
        if number is None or not number.is_integer():
            raise UsageError(
                f"{self.path}: nc is not a number of classes",
                details=["expected: a whole number, as in nc: 80", f"found:    {found!r}"],
                hint=f"correct the line nc in {self.path}",
            )
        return int(number)

    def check_numbers(self) -> None:
        """Check that no number is far beyond those of a model: upstream would ask for memory without end.

        Raises:
            UsageError: it names the first such number.
        """
        found = next((number for number in _integers(self.content) if abs(number) > _LARGEST), None)
        if found is not None:
            raise UsageError(
                f"{self.path} has a number that no model has",
                details=[f"expected: numbers up to {_LARGEST:,}", f"found:    one of {found.bit_length()} bits"],
                hint="correct nc, or the number of channels of the layer",
            )

    @property
    def rows(self) -> list[list[Any]]:
        """The layers as `[from, repeats, class, arguments]`; what is no such list is left out."""
        listed = [row for part in ("backbone", "head") for row in _as_list(self.content.get(part))]
        return [row for row in listed if _is_row(row)]

    @property
    def task(self) -> str:
        """The task of the model, from the class of its last layer."""
        return next((task for task in TASKS if task in self.head.lower()), DETECT)

    @property
    def head(self) -> str:
        """The class of the last layer; "" without one."""
        return str(self.rows[-1][2]) if self.rows else ""

    @property
    def letters(self) -> tuple[str, ...]:
        """Every scale at which it can be built: those of its table, or all if it has multiples, or none."""
        if self._table:
            rows = [(letter, row) for letter, row in self._table.items() if isinstance(row, list)]
            return tuple(letter for letter, _ in rows if isinstance(letter, str) and re.fullmatch("[a-z]", letter))
        return tuple(MULTIPLES) if self._multiples else ()

    def scale_for(self, model: BaseModel, asked: str | None, graphs: Sequence[str] = ()) -> str:
        """Return the scale at which the file is to be built.

        Args:
            model: the base model of the pin that builds it.
            asked: the scale that the user asked for, or None.
            graphs: the scales of the model that have the file's layers, for a model whose scales differ in them.

        Raises:
            UsageError: the file is for another scale than the asked one, or its scale is unknown.
        """
        letter = _one_letter(model, asked) if asked else None
        own = self._scale_among(model, graphs)
        if letter and own and letter != own:
            raise self._other_scale(own, letter)
        found = letter or own or _letter_of_name(self.path, model)
        if found is None:
            first = next(iter(graphs or model.scales))
            raise UsageError(
                f"the scale of {self.path} is unknown",
                details=[f"expected: a name such as {model.sized(first)}-...yaml"],
                hint=f"add --scale {first}",
            )
        return found

    def any_scale(self, asked: str | None, every: str = "") -> str:
        """Return the letter of the scale at which the file is to be built, for a file of any family.

        Args:
            asked: the scale that the user asked for, or None.
            every: what the command has besides --scale, for its next step: `, or --all-scales`.

        Returns:
            a letter; empty for a file without scales, which builds one model.

        Raises:
            UsageError: the file is for another scale than the asked one, does not have it, or its scale is unknown.
        """
        letters, asked = self.letters, (asked or "").strip().lower()
        if asked and not letters:
            raise self._without_letters("--scale")
        if asked and asked not in letters:
            raise unknown(f"scale of {self.path}", asked, letters, "a scale is one of these letters")
        own = self._own_scale
        if asked and own and asked != own:
            raise self._other_scale(own, asked)
        named = _LETTER.search(self.path.stem)
        only = letters[0] if len(letters) == 1 else None
        found = asked or own or only or (named[1] if named and named[1] in letters else None)
        if found is None and letters:
            raise UsageError(f"the scale of {self.path} is unknown", hint=f"add --scale {letters[0]}{every}")
        return found or ""

    def every_scale(self) -> tuple[str, ...]:
        """Return every scale at which the file can be built.

        Raises:
            UsageError: it was made for one scale, or has no scales.
        """
        if not self.letters:
            raise self._without_letters("--all-scales")
        if self._table and self._own_scale:
            raise UsageError(
                f"{self.path} is a file for scale {self._own_scale} only",
                hint=f"write it with every scale: yolopatch render-cfg --scale {ALL_SCALES} ...",
            )
        return self.letters

    def multiples_at(self, letter: str) -> dict[str, float] | None:
        """Return the multiples for another scale of a file without a table; None if the file needs no change."""
        if self._table or not letter or self._own_scale == letter:
            return None
        return {"depth_multiple": MULTIPLES[letter].depth, "width_multiple": MULTIPLES[letter].width}

    def _scale_among(self, model: BaseModel, graphs: Sequence[str]) -> str | None:
        """Return the scale of the model that the file itself says it has."""
        if not graphs:
            return self._named_scale if model.style == "ultralytics" else self._own_scale
        found = [scale for scale in graphs if len(graphs) == 1 or self._has_row_of(model.scales[scale])]
        return found[0] if len(found) == 1 else None

    def _has_row_of(self, scale: Scale) -> bool:
        """Tell whether the file is built with the numbers of this scale."""
        row = self._table.get(self._named_scale or next(iter(self._table), None))
        return row == [scale.depth, scale.width, scale.max_channels]

    @property
    def _table(self) -> Mapping[Any, Any]:
        found = self.content.get("scales")
        return found if isinstance(found, dict) else {}

    @property
    def _multiples(self) -> tuple[float, float] | None:
        depth, width = (_number(self.content.get(key)) for key in ("depth_multiple", "width_multiple"))
        return None if depth is None or width is None else (depth, width)

    @property
    def _named_scale(self) -> str | None:
        found = self.content.get("scale")
        return str(found) if found else None

    @property
    def _own_scale(self) -> str | None:
        """The only scale of the file: it is named in the file, or follows from the multiples."""
        if self._table:
            return self._named_scale
        found = self._multiples
        return next((s for s, row in MULTIPLES.items() if (row.depth, row.width) == found), None)

    def _without_letters(self, option: str) -> UsageError:
        """Return why a scale cannot be asked for: the file has none, or calls them by other names than one letter."""
        names = [str(name) for name, row in self._table.items() if isinstance(row, list)]
        if not names:
            return UsageError(f"{self.path} has no scales", hint=f"leave out {option}")
        return UsageError(
            f"{self.path} names its scales {', '.join(names)}, and upstream asks for a scale by one letter",
            hint=f"leave out {option}, and upstream builds the first; or name them by a letter each, such as n",
        )

    def _other_scale(self, own: str, asked: str) -> UsageError:
        return UsageError(
            f"{self.path} is a file for scale {own}, not {asked}",
            hint=f"leave out --scale, or write it for {asked}: yolopatch render-cfg --scale {asked} ...",
        )


def parse_cfg(text: str, path: PurePath) -> CfgFile:
    """Read a model YAML.

    Args:
        text: the file's content.
        path: its name.

    Raises:
        UsageError: it is not YAML, not a mapping, or much larger than a model.
    """
    return CfgFile(path, load_mapping(text, path))


def _integers(value: object) -> Iterator[int]:
    """Yield every integer in nested lists and dicts, which `load_mapping` has bounded."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        yield from _integers([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _integers(part)


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_row(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and isinstance(value[2], str) and isinstance(value[3], list)


def _number(value: object) -> float | None:
    """Return a value as a number, also from text in quotes; None if it is not a number."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _one_letter(model: BaseModel, asked: str) -> str:
    letters = find_scales(model, asked)
    if len(letters) > 1 or letters[0] not in model.scales:
        hint = f"e.g. --scale {next(iter(model.scales))}"
        raise UsageError(f"--scale {asked}: only one scale is possible here", hint=hint)
    return letters[0]


def _letter_of_name(path: PurePath, model: BaseModel) -> str | None:
    return next((scale for scale in model.scales if _is_named(path, model, scale)), None)


def _is_named(path: PurePath, model: BaseModel, scale: str) -> bool:
    return re.match(re.escape(model.sized(scale)) + r"(?!\d)", path.stem) is not None
