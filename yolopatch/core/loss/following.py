"""Follow the boxes through the code of a loss: what it returns, in which form it takes them, and by which lines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from yolopatch.core.loss import values
from yolopatch.core.loss.values import FULL, LEAST, MOST, PLAIN, STAYS, UNKNOWN, Value
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import is_static

XYXY, XYWH = "xyxy", "xywh"
ROWS, COLUMNS = "rows", "columns"
_ROTATED = 5  # the numbers of a rotated box: centre, size, angle
_DEEPEST = 6  # calls of the file's own functions inside each other
# upstream's own overlaps, and torchvision's
_CROSSED = frozenset({"box_iou", "complete_box_iou", "distance_box_iou", "generalized_box_iou"})  # each with each
_OVERLAPS = frozenset({"bbox_iou", "probiou"}) | _CROSSED
_DIAGONALS = frozenset({"diag", "diagonal"})
_EXTREMES = {"min": LEAST, "minimum": LEAST, "max": MOST, "maximum": MOST}
_GROWING = frozenset(
    ("exp", "sqrt", "log", "log2", "log1p", "clamp", "clamp_", "clip", "relu", "relu_", "sigmoid", "tanh", "prod")
    + ("float", "double", "half", "to", "type", "type_as", "detach", "clone", "contiguous", "nan_to_num")
    + ("squeeze", "unsqueeze", "view", "reshape", "flatten", "expand", "expand_as", "view_as")
)
_SIZES = frozenset({"abs", "square", "norm"})
_SPLITS = frozenset({"chunk", "split", "unbind", "tensor_split"})
_CONSTANTS = frozenset({"tensor", "zeros_like", "ones_like", "full_like", "zeros", "ones", "as_tensor"})


@dataclass(frozen=True)
class Returned:
    """What a function returns, and the line of it."""

    value: Value
    line: int


@dataclass
class Followed:
    """What following a function found.

    Attributes:
        returned: every value that it may return.
        forms: for each form of boxes, XYXY and XYWH, the lines that show it.
        layouts: for each box, the lines that show each layout: `ROWS` [N, 4], or `COLUMNS` [4, N].
        beyond: the lines that take a fifth coordinate of a box: the angle of a rotated one.
        crossed: the lines that compare each box with every other one, not with its own alone.
    """

    returned: list[Returned] = field(default_factory=list)
    forms: dict[str, list[int]] = field(default_factory=dict)
    layouts: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    beyond: list[int] = field(default_factory=list)
    crossed: list[int] = field(default_factory=list)


def follow(
    paste: Pasted,
    function: ast.FunctionDef,
    boxes: tuple[str, str],
    given: Mapping[str, object],
    attributes: Mapping[str, object],
    owner: str | None = None,
) -> Followed:
    """Follow two boxes through a function.

    Args:
        paste: the file, whose other functions are followed, too.
        function: the function, or the method of `owner`.
        boxes: the names of its arguments that are the boxes.
        given: the constants that its other arguments are.
        attributes: the constants that attributes of its object are.
        owner: the class of a method.
    """
    found = Followed(layouts={name: {} for name in boxes})
    known = {name: values.box(name) for name in boxes}
    known |= {name: values.constant(value) for name, value in given.items()}
    walk = _Walk(paste, owner, found, {name: values.constant(value) for name, value in attributes.items()}, 0)
    walk.block(function.body, known)
    found.returned += walk.returned
    return found


@dataclass
class _Walk:
    """One walk through a function's statements."""

    paste: Pasted
    owner: str | None
    found: Followed
    attributes: Mapping[str, Value]
    depth: int
    returned: list[Returned] = field(default_factory=list)

    def block(self, body: Sequence[ast.stmt], known: dict[str, Value]) -> bool:
        """Walk through statements to the first one that surely leaves the function; return whether there is one."""
        return any(self._statement(node, known) for node in body)

    def _statement(self, node: ast.stmt, known: dict[str, Value]) -> bool:
        if isinstance(node, ast.Return):
            if node.value is not None:
                self.returned.append(Returned(self.value(node.value, known), node.lineno))
            return True
        if isinstance(node, ast.Assign):
            found = self.value(node.value, known)
            for target in node.targets:
                self._bind(target, found, known)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._bind(node.target, self.value(node.value, known), known)
        elif isinstance(node, ast.AugAssign):
            together = ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value)
            self._bind(node.target, self.value(ast.copy_location(together, node), known), known)
        elif isinstance(node, ast.If):
            return self._branches(node, known)
        elif isinstance(node, (ast.With, ast.For, ast.While)):
            return self.block(node.body, known) and isinstance(node, ast.With)
        return isinstance(node, ast.Raise)

    def _branches(self, node: ast.If, known: dict[str, Value]) -> bool:
        decided = self._decided(node.test, known)
        if decided is not None:
            return self.block(node.body if decided else node.orelse, known)
        one, other = dict(known), dict(known)
        ends = [self.block(node.body, one), self.block(node.orelse, other)]
        left = [names for names, ended in zip((one, other), ends) if not ended]
        if len(left) == 2:
            for name in one.keys() | other.keys():
                both = [names[name] for names in (one, other) if name in names]
                known[name] = values.merged(*both) if len(both) == 2 else both[0]
        elif left:
            known.update(left[0])
        return all(ends)

    def _decided(self, test: ast.expr, known: Mapping[str, Value]) -> bool | None:
        """Return whether a test of constants holds; None where that is not known."""
        if isinstance(test, ast.BoolOp):
            each = [self._decided(one, known) for one in test.values]
            stops = isinstance(test.op, ast.Or)
            if stops in each:
                return stops
            return None if None in each else not stops
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            found = self._decided(test.operand, known)
            return None if found is None else not found
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            one, other = (self.value(node, known) for node in (test.left, test.comparators[0]))
            if not (one.is_constant and other.is_constant):
                return None
            same = one.constant == other.constant
            if isinstance(test.ops[0], (ast.Eq, ast.Is)):
                return same
            return not same if isinstance(test.ops[0], (ast.NotEq, ast.IsNot)) else None
        found_value = self.value(test, known)
        return bool(found_value.constant) if found_value.is_constant else None

    def _bind(self, target: ast.expr, found: Value, known: dict[str, Value]) -> None:
        if isinstance(target, ast.Name):
            known[target.id] = found
        elif isinstance(target, (ast.Tuple, ast.List)):
            for one, its in zip(target.elts, self._unpacked(found, len(target.elts), target.lineno)):
                self._bind(one, its, known)

    def _unpacked(self, found: Value, count: int, line: int) -> Sequence[Value]:
        if found.elements:
            return found.elements if len(found.elements) == count else [UNKNOWN] * count
        if found.made == FULL and count == 4:  # a, b, c, d = box
            self._layout(found, COLUMNS, line)
            return [values.part(found, (number,)) for number in range(4)]
        if found.made == FULL and count == _ROTATED:
            self.found.beyond.append(line)
        return [Value(found.trend, found.boxes)] * count

    def value(self, node: ast.expr, known: Mapping[str, Value]) -> Value:
        """Return what is known of an expression."""
        handler = _HANDLERS.get(type(node))
        return handler(self, node, known) if handler else PLAIN

    def _constant(self, node: ast.Constant, known: Mapping[str, Value]) -> Value:
        return values.constant(node.value)

    def _name(self, node: ast.Name, known: Mapping[str, Value]) -> Value:
        return known.get(node.id, PLAIN)

    def _tuple(self, node: ast.Tuple | ast.List, known: Mapping[str, Value]) -> Value:
        return Value(elements=tuple(self.value(one, known) for one in node.elts))

    def _table(self, node: ast.Dict, known: Mapping[str, Value]) -> Value:
        """Learn from the values of a table; which of them a key takes is not followed."""
        boxes = frozenset().union(*(self.value(one, known).boxes for one in node.values))
        return Value(None, boxes)

    def _lambda(self, node: ast.Lambda, known: Mapping[str, Value]) -> Value:
        hidden = {one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        return self.value(node.body, {name: found for name, found in known.items() if name not in hidden})

    def _conditional(self, node: ast.IfExp, known: Mapping[str, Value]) -> Value:
        decided = self._decided(node.test, known)
        if decided is not None:
            return self.value(node.body if decided else node.orelse, known)
        return values.merged(self.value(node.body, known), self.value(node.orelse, known))

    def _unary(self, node: ast.UnaryOp, known: Mapping[str, Value]) -> Value:
        found = self.value(node.operand, known)
        return values.negative(found) if isinstance(node.op, ast.USub) else found

    def _attribute(self, node: ast.Attribute, known: Mapping[str, Value]) -> Value:
        if ast.unparse(node.value) in ("self", "cls"):
            return self.attributes.get(node.attr, PLAIN)
        found = self.value(node.value, known)
        if node.attr in ("T", "mT") and found.made == FULL:
            return self._turned(found, node.lineno)
        return found if found.boxes else PLAIN

    def _binary(self, node: ast.BinOp, known: Mapping[str, Value]) -> Value:
        one, other = self.value(node.left, known), self.value(node.right, known)
        self._learn(node, one, other)
        if isinstance(node.op, ast.Add):
            return values.total(one, other)
        if isinstance(node.op, ast.Sub):
            return values.difference(one, other)
        if isinstance(node.op, ast.Mult):
            same = ast.unparse(node.left) == ast.unparse(node.right)
            return values.sized(one) if same else values.product(one, other)
        if isinstance(node.op, ast.Div):
            return values.quotient(one, other)
        if isinstance(node.op, ast.Pow):
            return values.sized(one) if other.constant in (2, 4) else values.grown(one)
        return UNKNOWN

    def _learn(self, node: ast.BinOp, one: Value, other: Value) -> None:
        """Note what an operation on a box's own coordinates says of their form."""
        if isinstance(node.op, ast.Sub) and _apart(one.extreme, other.extreme):
            self._form(XYXY, node.lineno)  # min(x2, x2) - max(x1, x1); alone, max(w, w) is as usual
        same = one.boxes == other.boxes and bool(one.parts) and bool(other.parts) and one.made != FULL
        if same and isinstance(node.op, (ast.Sub, ast.Add)) and _apart(one.parts, other.parts):
            self._form(XYXY, node.lineno)  # x2 - x1, or (x1 + x2) / 2
        elif same and isinstance(node.op, ast.Mult) and {*one.parts, *other.parts} == {2, 3}:
            self._form(XYWH, node.lineno)  # w * h
        elif _is_size(one) and _halves(node.op, other):
            self._form(XYWH, node.lineno)  # w / 2

    def _subscript(self, node: ast.Subscript, known: Mapping[str, Value]) -> Value:
        found = self.value(node.value, known)
        if found.elements:
            index = _literal(node.slice)
            return found.elements[index] if isinstance(index, int) and -1 <= index < len(found.elements) else UNKNOWN
        if not found.parts or len(found.parts) < 2:
            return Value(found.trend, found.boxes) if found.boxes else PLAIN
        is_inner = isinstance(node.slice, ast.Tuple)
        last = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
        if found.made == FULL and _reaches_beyond(last):
            self.found.beyond.append(node.lineno)
        found = replace(found, axis=_new_axis(node.slice, found.axis))
        numbers = _chosen(last, found.parts)
        if not numbers:
            return found  # a mask, or a new axis
        if found.made == FULL:
            self._layout(found, ROWS if is_inner else COLUMNS, node.lineno)
        return values.part(found, numbers)

    def _call(self, node: ast.Call, known: Mapping[str, Value]) -> Value:
        name, operands = _called(node)
        found = [self.value(one, known) for one in operands]
        if name in _EXTREMES and len(found) == 2 and not any(one.is_constant for one in found):
            one, other = found
            if one.boxes and other.boxes and one.axis != other.axis:
                self.found.crossed.append(node.lineno)
            return values.least_or_most(found[0], found[1], _EXTREMES[name])
        own = self._own(node, name)
        if own is not None:
            return self._inside(own, node, known)
        first = found[0] if found else PLAIN
        if name in _DIAGONALS:
            self.found.crossed.clear()  # each box with its own is left
        if name == "unsqueeze" and first.parts and len(operands) > 1:
            place = _literal(operands[1])
            return replace(first, axis=place if isinstance(place, int) and place >= 0 else first.axis)
        if name in _SPLITS and first.parts:
            return self._split(name, node, operands, first)
        if name in ("t", "transpose", "permute") and first.made == FULL:
            return self._turned(first, node.lineno)
        if name in ("mean", "sum") and not any(one.arg == "dim" for one in node.keywords) and len(operands) == 1:
            return Value(first.trend, first.boxes, is_number=True)
        if name in _OVERLAPS:
            return self._overlap(name, node, found)
        if name == "pow" and len(found) == 2:
            return values.sized(first) if found[1].constant in (2, 4) else values.grown(first)
        if name in _SIZES:
            return values.sized(first)
        if name in ("mean", "sum", "min", "max", *_GROWING):
            return first if name in _KEEP else values.grown(first)
        if name in _CONSTANTS:
            return PLAIN
        boxes = frozenset().union(*(one.boxes for one in found))
        alone = len(boxes) < 2 and all(one.trend == STAYS for one in found)
        return Value(STAYS if alone else None, boxes)

    def _split(self, name: str, node: ast.Call, operands: Sequence[ast.expr], whole: Value) -> Value:
        usual = 0
        dims = [one.value for one in node.keywords if one.arg == "dim"]
        place = 1 if name == "unbind" else 2
        dims += list(operands[place : place + 1])
        dim = _literal(dims[0]) if dims else usual
        if whole.made == FULL:
            self._layout(whole, ROWS if dim in (1, 2, -1) else COLUMNS, node.lineno)
        size = _literal(operands[1]) if len(operands) > 1 and name != "unbind" else 1
        if whole.made == FULL and _is_of_five(name, size):
            self.found.beyond.append(node.lineno)
        pieces = _pieces(name, size, whole.parts)
        return Value(elements=tuple(values.part(whole, piece) for piece in pieces)) if pieces else UNKNOWN

    def _overlap(self, name: str, node: ast.Call, found: Sequence[Value]) -> Value:
        boxes = frozenset().union(*(one.boxes for one in found))
        if name == "bbox_iou":
            given = {one.arg: _literal(one.value) for one in node.keywords}
            self._form(XYXY if given.get("xywh") is False or given.get("x1y1x2y2") is True else XYWH, node.lineno)
        elif name in _CROSSED:
            self.found.crossed.append(node.lineno)
        return Value(values.GROWS, boxes)

    def _own(self, node: ast.Call, name: str) -> tuple[ast.FunctionDef, bool] | None:
        """Return the function of the file that a call calls, and whether it is a method of the object."""
        if self.depth >= _DEEPEST:
            return None
        if isinstance(node.func, ast.Name):
            found = self.paste.functions.get(name)
            return (found, False) if found else None
        base = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if base in ("self", "cls") and self.owner:
            method = self.paste.method(self.owner, name)
            return (method, True) if method else None
        return None

    def _inside(self, own: tuple[ast.FunctionDef, bool], node: ast.Call, known: Mapping[str, Value]) -> Value:
        function, is_method = own
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        names = names[1:] if is_method and not is_static(function) else names
        inner = {name: values.constant(value) for name, value in defaults_of(function).items()}
        inner |= {name: self.value(one, known) for name, one in zip(names, node.args)}
        inner |= {one.arg: self.value(one.value, known) for one in node.keywords if one.arg}
        walk = _Walk(self.paste, self.owner, self.found, self.attributes, self.depth + 1)
        walk.block(function.body, inner)
        found = [one.value for one in walk.returned]
        if not found:
            return UNKNOWN
        whole = found[0]
        for one in found[1:]:
            whole = values.merged(whole, one)
        return whole

    def _turned(self, found: Value, line: int) -> Value:
        """Return a transposed box: what is shown of its layout afterwards holds of the other one."""
        (name,) = found.boxes
        self._layout(found, f"{COLUMNS}, turned", line)
        self.found.layouts[name].setdefault("turned", []).append(line)
        return found

    def _layout(self, found: Value, layout: str, line: int) -> None:
        for name in found.boxes:
            self.found.layouts.setdefault(name, {}).setdefault(layout, []).append(line)

    def _form(self, form: str, line: int) -> None:
        self.found.forms.setdefault(form, []).append(line)


_KEEP = frozenset({"float", "double", "half", "contiguous", "detach", "clone", "to", "type", "squeeze", "unsqueeze"})
_Handler = Callable[[_Walk, ast.expr, Mapping[str, Value]], Value]
_HANDLERS: Mapping[type, _Handler] = {
    ast.Constant: _Walk._constant,  # type: ignore[dict-item]
    ast.Name: _Walk._name,  # type: ignore[dict-item]
    ast.Tuple: _Walk._tuple,  # type: ignore[dict-item]
    ast.List: _Walk._tuple,  # type: ignore[dict-item]
    ast.Dict: _Walk._table,  # type: ignore[dict-item]
    ast.Lambda: _Walk._lambda,  # type: ignore[dict-item]
    ast.IfExp: _Walk._conditional,  # type: ignore[dict-item]
    ast.UnaryOp: _Walk._unary,  # type: ignore[dict-item]
    ast.Attribute: _Walk._attribute,  # type: ignore[dict-item]
    ast.BinOp: _Walk._binary,  # type: ignore[dict-item]
    ast.Subscript: _Walk._subscript,  # type: ignore[dict-item]
    ast.Call: _Walk._call,  # type: ignore[dict-item]
}


def defaults_of(function: ast.FunctionDef) -> dict[str, object]:
    """Return the defaults of a function's arguments that are constants."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(positional[len(positional) - len(given.defaults) :], given.defaults),
        *((one, default) for one, default in zip(given.kwonlyargs, given.kw_defaults) if default is not None),
    ]
    return {one.arg: default.value for one, default in pairs if isinstance(default, ast.Constant)}


def _called(node: ast.Call) -> tuple[str, list[ast.expr]]:
    """Return the name of what is called, and its operands: those of `torch.min(a, b)` and of `a.min(b)`."""
    if not isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func), list(node.args)
    if ast.unparse(node.func.value) in ("torch", "F", "math", "np", "torch.nn.functional"):
        return node.func.attr, list(node.args)
    return node.func.attr, [node.func.value, *node.args]


def _loaded(target: ast.expr) -> ast.expr:
    """Return the target of an assignment as a value."""
    found = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(found, target)


def _new_axis(index: ast.expr, before: int | None) -> int | None:
    """Return the place of the axis that an index puts before the coordinates: 1 in `box[:, None, :2]`."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for place, part in enumerate(parts):
        if isinstance(part, ast.Constant) and part.value is ...:
            return before
        if isinstance(part, ast.Constant) and part.value is None:
            return place
    return before


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _chosen(node: ast.expr, parts: tuple[int, ...]) -> tuple[int, ...]:
    """Return the coordinates that an index chooses; () where it chooses boxes, or everything."""
    if isinstance(node, ast.Slice):
        lower, upper = (_literal(one) if one else None for one in (node.lower, node.upper))
        if lower is None and upper is None:
            return ()
        start, end = (0 if lower is None else lower), (len(parts) if upper is None else upper)
        return parts[start:end] if isinstance(start, int) and isinstance(end, int) else ()
    index = _literal(node)
    if isinstance(index, bool):
        return ()
    if isinstance(index, int) and -len(parts) <= index < len(parts):
        return (parts[index],)
    if isinstance(index, list) and index and all(isinstance(one, int) and 0 <= one < len(parts) for one in index):
        return tuple(parts[one] for one in index)
    return ()


def _pieces(name: str, size: object, parts: tuple[int, ...]) -> Iterator[tuple[int, ...]] | list[tuple[int, ...]]:
    """Return the coordinates in each piece of a box that is split."""
    if isinstance(size, (list, tuple)) and all(isinstance(one, int) for one in size):
        ends = [sum(size[: number + 1]) for number in range(len(size))]
        return [parts[end - one : end] for one, end in zip(size, ends)]
    if not isinstance(size, int) or size < 1:
        return []
    each = -(-len(parts) // size) if name in ("chunk", "tensor_split") else size
    return [parts[at : at + each] for at in range(0, len(parts), each)]


def _reaches_beyond(node: ast.expr) -> bool:
    """Tell whether an index chooses the fifth number of a box: `[..., 4]`, `[:, 4:]`, `[:, :5]`."""
    if isinstance(node, ast.Slice):
        lower, upper = (_literal(one) if one else None for one in (node.lower, node.upper))
        return lower == _ROTATED - 1 or upper == _ROTATED
    return _literal(node) == _ROTATED - 1


def _is_of_five(name: str, size: object) -> bool:
    """Tell whether a box is split into five numbers."""
    if isinstance(size, (list, tuple)):
        return sum(one for one in size if isinstance(one, int)) == _ROTATED
    return name in ("chunk", "tensor_split") and size == _ROTATED


def _apart(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Tell whether two coordinates are those of the two corners in one direction."""
    return {(0,): (2,), (2,): (0,), (1,): (3,), (3,): (1,), (0, 1): (2, 3), (2, 3): (0, 1)}.get(one) == other


def _is_size(one: Value) -> bool:
    return bool(one.parts) and {*one.parts} <= {2, 3}


def _halves(operator: ast.operator, other: Value) -> bool:
    return (isinstance(operator, ast.Div) and other.constant in (2, 2.0)) or (
        isinstance(operator, ast.Mult) and other.constant == 0.5
    )
