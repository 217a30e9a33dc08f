"""What published forks change, and whether their models build: the rows of the page of `make forks`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.core.fork.account import RECOMMENDED
from yolopatch.errors import YolopatchError
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.adopt.adopt import Adoption, AdoptRequest, adopt
from yolopatch.steps.adopt.model import AdoptedModel

# what forks import besides upstream's own requirements, as pip calls it
PACKAGES = ("timm", "einops", "pywavelets", "efficientnet-pytorch", "huggingface-hub")
_REASON = 160  # characters


@dataclass(frozen=True)
class ForkRow:
    """A row of the page: a fork, and the cell of each column in plain text; then the seconds that it took."""

    fork: str
    base: str
    model: str
    architecture: str
    beside: str
    builds: str
    rebuilt: str
    seconds: float


def adopt_all(places: Sequence[Path], python: str, kept: Path) -> Iterator[ForkRow]:
    """Yield a row for each fork, as soon as it is there; those that an earlier run has kept come first.

    Args:
        places: folders, git repositories or archives.
        python: the interpreter to build models with.
        kept: the file that keeps rows.
    """
    rows = [ForkRow(**json.loads(line)) for line in kept.read_text("utf-8").splitlines()] if kept.is_file() else []
    names = [fork_name(place) for place in places]
    yield from (row for row in rows if row.fork in names)
    done = {row.fork for row in rows}
    for place, name in zip(places, names):
        if name not in done:
            row = _row(place, name, python)
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(row)) + "\n")
            yield row


def fork_name(place: Path) -> str:
    """Return a fork's name as its page has it: `owner/name` for a folder `owner+name`, or one below it."""
    folder = next((one for one in (place, *place.parents) if "+" in one.name), place)
    return folder.name.replace("+", "/")


def _row(place: Path, name: str, python: str) -> ForkRow:
    started = time.monotonic()
    try:
        cells = _cells(adopt(AdoptRequest(str(place), python=python), cache_dir()))
    except YolopatchError as error:
        cells = ("", "", "", "", "", _short(error.what))
    return ForkRow(name, *cells, round(time.monotonic() - started, 1))


def _cells(found: Adoption) -> tuple[str, str, str, str, str, str]:
    base, told = found.reading.base, found.account
    counted = {area: sum(one.kind != RECOMMENDED for one in items) for area, items in told.beside.items()}
    beside = ", ".join(f"{area} ({count})" for area, count in counted.items() if count) or "nothing"
    models = found.models
    return (
        f"{base.name} ({base.same} of {base.same + base.changed + base.missing})",
        ", ".join(model.name for model in models) or found.reading.why,
        ", ".join(layer.own.name for layer in told.layers) or "none",
        beside,
        "; ".join(f"{_WORDS[model.builds]}{_reason(model.why_not_built)}" for model in models) or "-",
        "; ".join(f"{_same(model)}{_reason(model.why_not_same)}" for model in models) or "-",
    )


_WORDS = {True: "yes", False: "no", None: "not tried"}
_SAME = {True: "the same", False: "differs", None: "no"}


def _same(model: AdoptedModel) -> str:
    alone = model.same_as_fork is None and model.rebuilt_builds
    return "builds, with nothing to compare it with" if alone else _SAME[model.same_as_fork]


def _reason(text: str) -> str:
    return f": {_short(text)}" if text else ""


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _REASON else f"{plain[:_REASON]}\N{HORIZONTAL ELLIPSIS}"
