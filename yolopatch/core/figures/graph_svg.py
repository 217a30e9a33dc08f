"""The graph of a model as an SVG figure: on screens light and dark, on paper, and for those who hear it read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.figures.layout import Edge, Layout, place
from yolopatch.core.figures.svg import svg_document, svg_text
from yolopatch.wire.figures import INSERTED, REPLACED, GraphAnswer, GraphLayer

_IMAGE = -1  # the number that stands for the image
_HEIGHT, _GAP = 40, 24  # pixels: of a box, and between two rows
_TIP = 9  # pixels: of a line's tip
_MARGIN, _BETWEEN = 24, 56  # pixels: around everything, and between the model and its base
_HEAD, _FOOT = 74, 64  # pixels: above and below the boxes
_NARROWEST = 190  # pixels
_BOLD, _PLAIN = 7.6, 6.4  # pixels of a letter, on average and rather too wide: no text may be cut
_NUMBER = 26  # pixels for a layer's number
_LIGHT = """
.class { font-size: 12px; font-weight: 600; fill: #14171c; }
.box { fill: #f4f6f8; stroke: #7b8494; stroke-width: 1; }
.replaced .box { fill: #ffe9c7; stroke: #a85b00; stroke-width: 2.5; }
.inserted .box { fill: #dcecff; stroke: #0b5cad; stroke-width: 2.5; stroke-dasharray: 7 3; }
.replaced .mark { fill: #7a4100; font-weight: 600; }
.inserted .mark { fill: #08427d; font-weight: 600; }
.line { fill: none; stroke: #5b6472; stroke-width: 1.3; }
.tip { fill: #5b6472; }
"""
_DARK = """
.class { fill: #f2f4f7; }
.box { fill: #232831; stroke: #7b8494; }
.replaced .box { fill: #4a3208; stroke: #f0a63c; }
.inserted .box { fill: #0d335c; stroke: #6cb2ff; }
.replaced .mark { fill: #ffc877; }
.inserted .mark { fill: #a5d0ff; }
.line { stroke: #97a1b0; }
.tip { fill: #97a1b0; }
"""
_TIP_SHAPE = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="tip" d="M0 0.5 8 4 0 7.5z"/></marker></defs>'
)


@dataclass(frozen=True)
class _Column:
    """A model in the figure.

    Attributes:
        title: its name.
        layers: the image and the layers.
        layout: their places, in pixels from the column's own middle.
        rows: the row of each layer, by its number.
        left: pixels from the figure's left edge to the place 0 of the layout.
        width: of a box.
        marks: what a box says of the base's layer, by the layer's number; "" for nothing.
    """

    title: str
    layers: tuple[GraphLayer, ...]
    layout: Layout
    rows: dict[int, int]
    left: float
    width: float
    marks: dict[int, str]

    def x(self, place: float) -> float:
        """Return pixels from the left edge of the figure."""
        return self.left + place

    def top(self, number: int) -> float:
        """Return pixels from the top of the figure to a layer's box."""
        return _HEAD + self.rows[number] * (_HEIGHT + _GAP)


def draw_graph(name: str, answer: GraphAnswer, *, beside: bool) -> str:
    """Return the figure as the text of an SVG file.

    Args:
        name: the model's label.
        answer: its layers and its base's.
        beside: whether to draw the base beside it, so that layers that correspond are in one row.
    """
    columns = _columns(name, answer, beside)
    width = columns[-1].x(columns[-1].layout.right) + _MARGIN
    count = 1 + max(row for column in columns for row in column.rows.values())
    height = _HEAD + count * (_HEIGHT + _GAP) - _GAP + _FOOT
    drawn = "\n".join(line for column in columns for line in _draw(column))
    return svg_document(
        width,
        height,
        f"Architecture of {columns[0].title}",
        _description(answer, columns),
        _LIGHT,
        _DARK,
        f"{_TIP_SHAPE}\n{drawn}\n{_footer(answer, height)}",
    )


def _columns(name: str, answer: GraphAnswer, beside: bool) -> tuple[_Column, ...]:
    rows, base_rows = _rows(answer) if beside else (_numbered(answer.layers), {})
    models = [(name, answer.layers, rows)]
    if beside:
        models.append((answer.base_cfg, answer.base, base_rows))
    columns: list[_Column] = []
    left: float = _MARGIN
    for title, layers, own_rows in models:
        titled = title + (f", scale {answer.scale}" if answer.scale else "")
        column = _column(titled, layers, own_rows, answer, left)
        columns.append(column)
        left = column.x(max(column.layout.right, column.layout.left + len(titled) * 9.5)) + _BETWEEN
    return tuple(columns)


def _column(
    title: str, layers: tuple[GraphLayer, ...], rows: dict[int, int], answer: GraphAnswer, left: float
) -> _Column:
    image = GraphLayer(_IMAGE, (), "image", ((3, answer.imgsz, answer.imgsz),), 0)
    shown = (image, *layers)
    marks = {layer.index: _mark(layer, answer.base) for layer in shown}
    width = max(_NARROWEST, *(_width(layer, marks[layer.index]) for layer in shown))
    edges = dict.fromkeys((source, layer.index) for layer in layers for source in layer.sources)
    layout = place([layer.index for layer in shown], edges, width)
    return _Column(title, shown, layout, rows, left - layout.left, width, marks)


def _numbered(layers: Sequence[GraphLayer]) -> dict[int, int]:
    return {number: row for row, number in enumerate((_IMAGE, *(layer.index for layer in layers)))}


def _rows(answer: GraphAnswer) -> tuple[dict[int, int], dict[int, int]]:
    """Return the rows of the model's layers and of the base's: layers that correspond share one."""
    own, theirs, row, after = {_IMAGE: 0}, {_IMAGE: 0}, 1, 0
    for layer in answer.layers:
        for dropped in range(after, after if layer.base is None else layer.base):
            theirs[dropped] = row
            row += 1
        own[layer.index] = row
        if layer.base is not None:
            theirs[layer.base] = row
            after = layer.base + 1
        row += 1
    for dropped in range(after, len(answer.base)):
        theirs[dropped] = row
        row += 1
    return own, theirs


def _draw(column: _Column) -> Iterator[str]:
    """Yield the elements of a column: its title, the lines, and the boxes over them."""
    left = column.x(column.layout.left)
    total = sum(layer.parameters for layer in column.layers)
    yield f'<text class="title" x="{left:.0f}" y="{_MARGIN + 14}">{svg_text(column.title)}</text>'
    yield f'<text x="{left:.0f}" y="{_MARGIN + 32}">{len(column.layers) - 1} layers, {total:,} parameters</text>'
    ports = _Ports(column)
    for edge in column.layout.lanes:
        if _is_drawn(column, edge):
            yield f'<path class="line" marker-end="url(#tip)" d="{ports.path(edge)}"/>'
    for layer in column.layers:
        yield _box(column, layer)


def _is_drawn(column: _Column, edge: Edge) -> bool:
    """Return whether one layer reads the other; else the layout's own line only keeps them in their order."""
    reader = column.layers[edge[1] + 1]  # the image comes first
    return edge[0] in reader.sources


class _Ports:
    """Where lines leave boxes and enter them: spread over a box's edge, in the order in which the lines lie beside."""

    def __init__(self, column: _Column) -> None:
        self._column = column
        self._out = self._spread([(s, t) for s, t in column.layout.lanes if _is_drawn(column, (s, t))], 0)
        self._in = self._spread([(s, t) for s, t in column.layout.lanes if _is_drawn(column, (s, t))], 1)

    def _spread(self, edges: list[Edge], end: int) -> dict[Edge, float]:
        found: dict[Edge, float] = {}
        layout = self._column.layout
        for number in {edge[end] for edge in edges}:
            own = [edge for edge in edges if edge[end] == number]
            own.sort(key=lambda edge: self._next(edge, end))
            for position, edge in enumerate(own, start=1):
                away = (position / (len(own) + 1) - 0.5) * self._column.width * 0.8
                found[edge] = self._column.x(layout.centres[number] + away)
        return found

    def _next(self, edge: Edge, end: int) -> float:
        """Return where a line is in the next row, seen from one of its ends."""
        lanes = list(self._column.layout.lanes[edge].values())
        return lanes[-end] if lanes else self._column.layout.centres[edge[1 - end]]

    def path(self, edge: Edge) -> str:
        """Return the way of a line: straight down beside boxes, and a curve in the gap before a row."""
        start, end = edge
        column = self._column
        x = self._out[edge]
        said = [f"M{x:.1f} {column.top(start) + _HEIGHT:.1f}"]
        passed = [(number, column.x(lane)) for number, lane in column.layout.lanes[edge].items()]
        for number, other in (*passed, (end, self._in[edge])):
            top = column.top(number)
            bottom = top - _TIP  # the tip then points straight down
            said.append(f"V{top - _GAP:.1f}")
            if other != x:
                middle = (top - _GAP + bottom) / 2
                said.append(f"C{x:.1f} {middle:.1f} {other:.1f} {middle:.1f} {other:.1f} {bottom:.1f}")
            x = other
        return "".join((*said, f"V{column.top(end):.1f}"))


def _box(column: _Column, layer: GraphLayer) -> str:
    x, y = column.x(column.layout.centres[layer.index]) - column.width / 2, column.top(layer.index)
    right = x + column.width - 9
    number = "" if layer.index == _IMAGE else f'<text x="{x + 9:.1f}" y="{y + 17:.1f}">{layer.index}</text>'
    parameters = f'<text class="right" x="{right:.1f}" y="{y + 17:.1f}">{layer.parameters:,}</text>'
    said = column.marks[layer.index]
    mark = f'<text class="right mark" x="{right:.1f}" y="{y + 32:.1f}">{svg_text(said)}</text>' if said else ""
    indent = x + (9 if layer.index == _IMAGE else _NUMBER + 9)
    return (
        f'<g class="{layer.how}"><title>{svg_text(_spoken(layer))}</title>'
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{column.width:.1f}" height="{_HEIGHT}" rx="5"/>{number}'
        f'<text class="class" x="{indent:.1f}" y="{y + 17:.1f}">{svg_text(layer.kind)}</text>'
        f"{parameters if layer.parameters else ''}"
        f'<text x="{indent:.1f}" y="{y + 32:.1f}">{_shapes(layer)}</text>{mark}</g>'
    )


def _mark(layer: GraphLayer, base: Sequence[GraphLayer]) -> str:
    """Return what a box says of the base's layer, in the model without its base beside it, too."""
    if layer.how == REPLACED and layer.base is not None:
        return f"replaces {base[layer.base].kind}"
    return "new" if layer.how == INSERTED else ""


def _width(layer: GraphLayer, mark: str) -> float:
    """Return the width of the box that a layer's two lines of text need, with a space between left and right."""
    first = len(layer.kind) * _BOLD + len(f"{layer.parameters:,}") * _PLAIN
    second = len(_shapes(layer)) * _PLAIN + len(mark) * _BOLD
    return max(first, second) + _NUMBER + 36


def _shapes(layer: GraphLayer) -> str:
    """Return the shape of what a layer returns; of a head, which returns several tensors, the first one's."""
    first = " × ".join(map(str, layer.shapes[0])) if layer.shapes else "not run"
    return first + (f" + {len(layer.shapes) - 1} more" if len(layer.shapes) > 1 else "")


def _spoken(layer: GraphLayer) -> str:
    if layer.index == _IMAGE:
        return f"the image, {_shapes(layer)}"
    reads = ", ".join("the image" if source == _IMAGE else f"layer {source}" for source in layer.sources)
    what = (
        f"layer {layer.index}: {layer.kind}, reads {reads}, returns {_shapes(layer)}, {layer.parameters:,} parameters"
    )
    if layer.how == REPLACED:
        return f"{what}, stands in place of the base's layer {layer.base}"
    return what + (", inserted" if layer.how == INSERTED else "")


def _description(answer: GraphAnswer, columns: Sequence[_Column]) -> str:
    said = [f"{len(answer.layers)} layers, from the image at the top to the head at the bottom."]
    for how in (REPLACED, INSERTED):
        marked = [f"{layer.index} ({layer.kind})" for layer in answer.layers if layer.how == how]
        if marked:
            said.append(f"Beside {answer.base_cfg}, {how}: {', '.join(marked)}.")
    if len(columns) > 1:
        said.append(f"On the right, the base model {columns[1].title}.")
    return " ".join(said)


def _footer(answer: GraphAnswer, height: float) -> str:
    hows = {layer.how for layer in answer.layers}
    marks = {REPLACED: "thick border: in place of another class", INSERTED: "dashed border: a new layer"}
    said = ["channels × height × width, and parameters", *(text for how, text in marks.items() if how in hows)]
    y, lines = height - 16 - 14 * (len(said) - 1), []
    for text in said:
        lines.append(f'<text x="{_MARGIN}" y="{y:.0f}">{text}</text>')
        y += 14
    return "\n".join(lines)
