"""The grid of an ablation, as its TOML file says it: arms x scales x seeds, with everything else equal."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS
from yolopatch.catalog.names import fold, unknown
from yolopatch.core.ablate.results import BEST, LAST
from yolopatch.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = {"compat": "compat", "seeds": "seed_patch"}  # of the fix patches, by their names
SCALE = "{scale}"  # in `weights`: stands for the letter
_FLAVORS = (*FLAVORS, ASSIGNER_FLAVOR)
_LONGEST = 256 * 1024  # characters; a grid has some dozens of lines
_MOST_RUNS = 100_000
_SEEDS = range(2**31)  # what upstream's generators take
# what the grid itself decides for each run, by upstream's names
_OURS = {
    "model": "[[arm]]",
    "cfg": "[[arm]]",
    "data": "data",
    "seed": "seeds",
    "weights": "[start] weights",
    "pretrained": "[start] weights",
}
_NEVER = ("project", "name", "exist_ok", "resume", "save_dir", "task", "mode")


@dataclass(frozen=True)
class Arm:
    """One model of the ablation.

    Attributes:
        name: as the tables show it.
        modules: names of modules; none for the base model.
        placements: as `render-cfg --placement` has them.
        flavor: of the modules.
        cfg: the path of a model YAML, in place of placements; None for a rendered one.
    """

    name: str
    modules: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    flavor: str = FLAVORS[0]
    cfg: str | None = None

    @property
    def what(self) -> tuple[object, ...]:
        """What makes its model; two arms with the same are one model."""
        return (frozenset(map(fold, self.modules)), frozenset(self.placements), self.flavor, self.cfg)

    @property
    def words(self) -> str:
        """What makes its model, for the user."""
        if self.cfg:
            return " ".join([self.cfg, *([f"with {', '.join(self.modules)}"] if self.modules else [])])
        if not self.modules:
            return "upstream's own model"
        places = f" at {', '.join(self.placements)}" if self.placements else ""
        return f"{', '.join(self.modules)} ({self.flavor}){places}"


@dataclass(frozen=True)
class Grid:
    """What is to be trained.

    Attributes:
        model: a family of models (`yolo11`) or a pin.
        scales: letters.
        data: the path of a data YAML, or the name of one of upstream's own.
        seeds: one run of each arm and scale has each.
        baseline: the name of the arm that the others are compared with.
        arms: in the order of the tables.
        train: upstream's own arguments, the same for every run.
        weights: the checkpoint that is transplanted into every arm, perhaps with SCALE in it; None for random weights.
        checkpoint: whose metrics the tables hold: BEST or LAST.
        seed_patch, compat: whether the workspaces have the seed patch, and the compatibility patch.
    """

    model: str
    scales: tuple[str, ...]
    data: str
    seeds: tuple[int, ...]
    baseline: str
    arms: tuple[Arm, ...]
    train: Mapping[str, object] = field(default_factory=dict)
    weights: str | None = None
    checkpoint: str = BEST
    seed_patch: bool = True
    compat: bool = False

    def arm(self, name: str) -> Arm:
        """Return the arm of this name."""
        return next(arm for arm in self.arms if arm.name == name)


def run_id(arm: str, scale: str, seed: int) -> str:
    """Return the name of a run, which is also that of its folder."""
    return f"{folder_name(arm)}-{scale}-{seed}"


def folder_name(arm: str) -> str:
    """Return an arm's name as every file system takes it."""
    return re.sub(r"[^\w.+-]|^[.-]", "_", arm)


def read_grid(text: str, where: str) -> Grid:
    """Read the file of a grid.

    Args:
        text: its content.
        where: its path, for messages.

    Raises:
        UsageError: it is no TOML, lacks something, has something unknown, or names one thing twice.
    """
    reader = _Reader(_load(text, where), where)
    top = reader.table
    reader.only(
        ("model", "scales", "data", "seeds", "baseline", "arm", "train", "start", "checkpoint", "seed_patch", "compat")
    )
    start = reader.part("start", ("weights",))
    arms = tuple(_arm(one, where) for one in reader.get("arm", _is_tables, "one [[arm]] for each model"))
    grid = Grid(
        model=reader.get("model", _is_text, 'a family or a pin: model = "yolo11"'),
        scales=_letters(reader),
        data=reader.get("data", _is_text, 'a data YAML: data = "data.yaml"'),
        seeds=tuple(reader.get("seeds", _are_numbers, "a list of whole numbers: seeds = [0, 1, 2, 3, 4, 5]")),
        baseline=reader.get("baseline", _is_text, "the name of an arm", arms[0].name if arms else ""),
        arms=arms,
        train=_train(top.get("train", {}), where),
        weights=start.get("weights", _is_text, 'a checkpoint: weights = "yolo11n.pt"', None),
        checkpoint=reader.get("checkpoint", (BEST, LAST).__contains__, f'"{BEST}" or "{LAST}"', BEST),
        seed_patch=reader.get("seed_patch", _is_switch, "true or false", True),
        compat=reader.get("compat", _is_switch, "true or false", False),
    )
    _check(grid, where)
    return grid


def _load(text: str, where: str) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise UsageError(
            f"{where} has {len(text):,} characters, which no grid has", hint="name the TOML file of a grid"
        )
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(
            f"{where} is not TOML", details=[f"found: {error or 'lists in lists, too deep'}"], hint=_EXAMPLE
        ) from error
    return found


_EXAMPLE = 'a grid begins like this: model = "yolo11"; docs/ablation.md has a whole one'


class _Reader:
    """A table of the file, each value of which is checked."""

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self.table, self._where = table, where

    def only(self, known: Collection[str]) -> None:
        """Refuse any other key."""
        for key in self.table:
            if key not in known:
                raise unknown(f"key of {self._where}", key, known)

    def get(self, key: str, fits: Callable[[Any], bool], expected: str, default: Any = ...) -> Any:
        """Return a value; without a default it must be there."""
        value = self.table.get(key, default)
        if value is ...:
            raise UsageError(f"{self._where} has no {key}", details=[f"expected: {expected}"], hint=f"add {key}")
        if not (value is default or fits(value)):
            raise UsageError(
                f"{self._where}: {key} is not as it must be",
                details=[f"expected: {expected}", f"found:    {_short(value)}"],
                hint=f"correct {key}",
            )
        return value

    def part(self, key: str, known: Collection[str]) -> _Reader:
        """Return the reader of a table in this one; empty where there is none."""
        found = _Reader(self.get(key, lambda value: isinstance(value, dict), f"a table: [{key}]", {}), self._where)
        found.only(known)
        return found


def _arm(table: dict[str, Any], where: str) -> Arm:
    reader = _Reader(table, f"{where}, [[arm]] {_short(table.get('name', ''))}")
    reader.only(("name", "module", "placement", "flavor", "cfg"))
    arm = Arm(
        name=reader.get("name", _is_name, 'its name in the tables, one line: name = "base"'),
        modules=tuple(reader.get("module", _are_texts, 'a list of modules: module = ["SPConv"]', [])),
        placements=tuple(reader.get("placement", _are_texts, 'a list: placement = ["SPConv:backbone-down"]', [])),
        flavor=reader.get("flavor", _FLAVORS.__contains__, " or ".join(_FLAVORS), FLAVORS[0]),
        cfg=reader.get("cfg", _is_text, 'the path of a model YAML: cfg = "yolo11-mine.yaml"', None),
    )
    if arm.cfg and arm.placements:
        raise UsageError(
            f"{where}: the arm {arm.name} has a YAML of its own and placements",
            hint="leave out placement: the YAML says where the modules are",
        )
    return arm


def _letters(reader: _Reader) -> tuple[str, ...]:
    found = reader.get("scales", _are_texts, 'a list of letters: scales = ["n", "s"]')
    return tuple(letter.strip().lower() for letter in found)


def _train(found: object, where: str) -> dict[str, object]:
    if not isinstance(found, dict):
        raise UsageError(f"{where}: train is not a table", hint="write [train], then epochs = 100")
    for key, value in found.items():
        if key in _OURS:
            raise UsageError(f"{where}: [train] has {key}, which the grid itself says", hint=f"use {_OURS[key]}")
        if key in _NEVER:
            raise UsageError(f"{where}: [train] has {key}, which yolopatch sets for each run", hint="leave it out")
        if not isinstance(value, (str, int, float, bool, list)):
            raise UsageError(
                f"{where}: [train] {key} is {_short(value)}", hint="give a number, a text, true, false or a list"
            )
    _Reader(found, f"{where}, [train]").get("epochs", _is_count, "a whole number of 1 or more: epochs = 100", None)
    return dict(found)


def _check(grid: Grid, where: str) -> None:
    for name in _twice(arm.name for arm in grid.arms):
        raise _named_twice(f"{where} has two arms with the name {name}")
    for name in _twice(folder_name(arm.name).lower() for arm in grid.arms):
        raise _named_twice(f"{where} has two arms whose folder would be {name}")
    for scale in _twice(grid.scales):
        raise _named_twice(f"{where} names a scale twice: {scale}")
    for seed in _twice(grid.seeds):
        raise _named_twice(f"{where} names a seed twice: {seed}")
    for number, arm in enumerate(grid.arms):
        same = next((other for other in grid.arms[:number] if other.what == arm.what), None)
        if same:
            raise UsageError(
                f"{where}: the arms {same.name} and {arm.name} are the same model: {arm.words}",
                hint="leave one of them out; more runs of one arm are more seeds",
            )
    if grid.baseline not in [arm.name for arm in grid.arms]:
        raise unknown(f"baseline of {where}", grid.baseline, [arm.name for arm in grid.arms], "it is one of the arms")
    runs = len(grid.arms) * len(grid.scales) * len(grid.seeds)
    if runs > _MOST_RUNS:
        raise UsageError(f"{where} has {runs:,} runs; the most is {_MOST_RUNS:,}", hint="name fewer seeds")


def _twice(names: Iterable[object]) -> list[object]:
    return [name for name, count in Counter(names).items() if count > 1]


def _named_twice(what: str) -> UsageError:
    return UsageError(what, hint="leave one of them out, or name it otherwise")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable() and len(value) <= 60


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int and one in _SEEDS for one in value)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
