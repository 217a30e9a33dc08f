"""`graph`: draw the architecture of a model, and of its base model, as an SVG file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.figures.graph_svg import draw_graph
from yolopatch.core.model.side import STRIDE
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.system_errors import advice
from yolopatch.outside.files.writable import require_free
from yolopatch.outside.probe.figures import ask_graph
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.environment.interpreters import find_interpreter_for
from yolopatch.steps.figures.item import Item, find_item
from yolopatch.wire.figures import INSERTED, REPLACED, GraphAnswer, GraphRequest


@dataclass(frozen=True)
class Graph:
    """A model's figure.

    Attributes:
        item: the YAML or the checkpoint.
        out: the SVG file.
        answer: what the figure shows.
        beside: whether the base is beside the model.
    """

    item: Item
    out: Path
    answer: GraphAnswer
    beside: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the figure."""
        if self.answer.base:
            return ()
        return (f"upstream has no model like {self.item.name}: no layer is marked as replaced or inserted",)

    def numbers(self, how: str) -> list[int]:
        """Return the numbers of the layers that are REPLACED or INSERTED."""
        return [layer.index for layer in self.answer.layers if layer.how == how]

    def data(self) -> dict[str, object]:
        """Return what `graph --json` prints."""
        answer = self.answer
        base = {"cfg": answer.base_cfg, "layers": [layer.data() for layer in answer.base]}
        return {
            "file": self.out,
            "name": self.item.name,
            "item": self.item.path,
            "workspace": self.item.checkout.path,
            "scale": answer.scale,
            "imgsz": answer.imgsz,
            "replaced": self.numbers(REPLACED),
            "inserted": self.numbers(INSERTED),
            "layers": [layer.data() for layer in answer.layers],
            "base": base if answer.base else None,
        }


def graph(
    named: str,
    *,
    out: Path | None,
    beside: bool,
    scale: str | None,
    imgsz: int,
    workspace: Path | None,
    python: str | None,
    overwrite: bool,
) -> Graph:
    """Draw the architecture of a model.

    Args:
        named: a YAML, a checkpoint or a run's folder, also as `NAME=ITEM`.
        out: the file to write; None for one in the current folder, with the item's name.
        beside: whether to draw the base model beside it.
        scale: of a YAML; None for what the file says or its name carries.
        imgsz: side of the square image in pixels, for the shapes.
        workspace, python: which upstream builds it, in which interpreter; None to find them.
        overwrite: replace an existing file at `out`.

    Raises:
        UsageError: the item does not exist, is no model, or has no such scale.
        ConflictError: `out` exists already.
        YolopatchError: the model does not build or run, or upstream has no base to be drawn beside it.
    """
    if imgsz < STRIDE:
        raise UsageError(f"--imgsz {imgsz} is less than the stride {STRIDE}", hint="e.g. --imgsz 640")
    item = find_item(named, workspace)
    out = out or Path(f"{item.path.stem}-graph.svg")
    if out.suffix.lower() != ".svg":
        raise UsageError(f"--out {out}: the figure is an SVG file", hint=f"e.g. --out {out.with_suffix('.svg')}")
    require_free(out, overwrite)
    answer = ask_graph(_request(item, scale, imgsz), _interpreter(item, python))
    if beside and not answer.base:
        raise YolopatchError(
            f"upstream has no model like {item.name} that could stand beside it; nothing was written",
            details=[f"looked in: the model YAMLs of {item.checkout.path}"],
            hint="leave out --base",
        )
    _write(out, draw_graph(item.name, answer, beside=beside))
    return Graph(item, out, answer, beside)


def _request(item: Item, scale: str | None, imgsz: int) -> GraphRequest:
    if scale and not item.is_yaml:
        raise UsageError(f"{item.path} is a checkpoint, which has one scale", hint="leave out --scale")
    return GraphRequest(
        workspace=str(item.checkout.path),
        style=item.checkout.style,
        cfg=str(item.path.absolute()) if item.is_yaml else "",
        weights="" if item.is_yaml else str(item.path.absolute()),
        scale=read_cfg(item.path).any_scale(scale) if item.is_yaml else "",
        imgsz=imgsz,
    )


def _interpreter(item: Item, python: str | None) -> str:
    return find_interpreter_for(item.checkout, python, cache_dir()).executable


def _write(out: Path, text: str) -> None:
    try:
        write_whole(out, text.encode())
    except OSError as error:
        raise YolopatchError(
            f"{out} cannot be written: {error.strerror}", hint=advice(error.errno, out.parent, "name another --out")
        ) from error
