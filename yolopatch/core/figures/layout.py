"""Places for the layers of a model, one below the other, and ways for what flows between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int]
_LANE = 10  # pixels that a line needs beside boxes
_ROUNDS = 4  # of the layout's search for few crossings; more of them changed nothing for upstream's models


@dataclass(frozen=True)
class Layout:
    """Where things are, in pixels from left to right.

    Attributes:
        centres: of each layer's box, by the layer's number.
        lanes: for each line, by its two ends: where it passes beside each layer that is between them.
        left, right: the edges of everything.
    """

    centres: Mapping[int, float]
    lanes: Mapping[Edge, Mapping[int, float]]
    left: float
    right: float


def place(numbers: Sequence[int], edges: Iterable[Edge], width: float) -> Layout:
    """Place layers in the order of their numbers, one a row, so that lines are short and cross as little as possible.

    Args:
        numbers: of the layers, ascending, without a gap.
        edges: from a layer to one with a higher number.
        width: of a box, in pixels.
    """
    # imported late: only this command needs it
    from grandalf.graphs import Edge as Line
    from grandalf.graphs import Graph, Vertex
    from grandalf.layouts import DummyVertex, SugiyamaLayout, VertexViewer

    boxes = {number: Vertex(number) for number in numbers}
    for box in boxes.values():
        box.view = VertexViewer(width, 1)
    # a line from each layer to the next, drawn or not, keeps every layer in a row of its own
    wanted = dict.fromkeys((*pairwise(numbers), *edges))
    lines = [Line(boxes[start], boxes[end], data=(start, end)) for start, end in wanted]
    sugiyama = SugiyamaLayout(Graph(list(boxes.values()), lines).C[0])
    sugiyama.xspace, sugiyama.dw, sugiyama.dh = _LANE, _LANE, 1
    sugiyama.init_all(roots=[boxes[numbers[0]]])
    sugiyama.draw(_ROUNDS)
    centres = {number: float(box.view.xy[0]) for number, box in boxes.items()}
    lanes = {
        line.data: {
            numbers[rank]: float(passed.view.xy[0])
            for rank, passed in sorted(sugiyama.ctrls.get(line, {}).items())
            if isinstance(passed, DummyVertex)
        }
        for line in lines
    }
    ends = [centre + side * width / 2 for centre in centres.values() for side in (-1, 1)]
    ends += [lane for passed in lanes.values() for lane in passed.values()]
    return Layout(centres, lanes, min(ends), max(ends))
