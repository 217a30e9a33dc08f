"""Decide how a pasted loss of boxes is called: which arguments are boxes, in which form, and what it gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import BOX_FORMS, GIVES_LOSS, GIVES_OVERLAP, Module
from yolopatch.catalog.modules import own_source_name
from yolopatch.core.loss import following
from yolopatch.core.loss.following import COLUMNS, ROWS, XYWH, XYXY, Followed, defaults_of
from yolopatch.core.loss.values import GROWS, SHRINKS
from yolopatch.core.paste.calls import Given, bind, names_in
from yolopatch.core.paste.constructor import Argument, Constructor
from yolopatch.core.paste.deciding import Decision
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

# arguments that say in which form the boxes are, with the value for two corners
_FORM_FLAGS: Mapping[str, object] = {"xywh": False, "x1y1x2y2": True, "xyxy": True, "is_xyxy": True}
# arguments that are the size of the network's input
_SIZES = {
    **dict.fromkeys(("width", "img_w", "image_w", "im_w", "img_width", "image_width", "input_w"), by.WIDTH),
    **dict.fromkeys(("height", "img_h", "image_h", "im_h", "img_height", "image_height", "input_h"), by.HEIGHT),
}
_CALLS = ("forward", "__call__")
_SWITCHES = 2  # a single one may say something else than which loss it is
_MEANS = {GIVES_LOSS: "a loss", GIVES_OVERLAP: "an overlap"}


@dataclass(frozen=True)
class LossDecision:
    """How a loss is called.

    Attributes:
        decision: what is shown to the user.
        boxes, gives, passed: as in `Module`.
        call: the arguments of the function besides the boxes, or of the class's constructor.
        assigns: as in `Module`.
    """

    decision: Decision
    boxes: tuple[str, str]
    gives: str
    passed: str
    call: str
    assigns: bool


@dataclass(frozen=True)
class _Callable:
    """What is called with boxes: a function, or a method of a class.

    Attributes:
        owner: the class; None for a function.
        arguments: of the function or the method, without `self`.
        init: of the class's constructor; of a function, its own arguments after the boxes.
    """

    name: str
    node: ast.FunctionDef
    owner: str | None
    arguments: tuple[Argument, ...]
    init: Constructor

    @property
    def boxes(self) -> tuple[str, str]:
        return self.arguments[0].name, self.arguments[1].name


def decide_loss(
    paste: Pasted, symbol: str, args: str | None = None, boxes: str | None = None, gives: str | None = None
) -> LossDecision:
    """Decide how a function or a class of a file is called as a loss of boxes.

    Args:
        paste: the file.
        symbol: the function or the class.
        args: the arguments of the function besides the boxes, or of the class's constructor, as in a Python call.
        boxes: the form in which it takes boxes, one of `BOX_FORMS` for both, or one for each; None to read it.
        gives: GIVES_LOSS or GIVES_OVERLAP; None to read it.

    Raises:
        OpenError: the form of the boxes, or what it gives, is not clear from the code.
        UsageError: it takes no two boxes, gives one number for all, or a given value does not fit.
    """
    one = _callable(paste, symbol)
    _require_boxes(paste, one, _followed(paste, one, ()), asked=boxes is not None)
    passed = _passed(paste, one)
    try:
        given = _given(one, args)
    except OpenError:  # no value makes a loss of one that gives a number whatever it gets
        _require_one_value(paste, one, _followed(paste, one, _by_names(one)))
        raise
    found = _followed(paste, one, given)
    _require_one_value(paste, one, found)
    forms = _forms(paste, one, found, boxes)
    kind, why = _gives(paste, one, found, gives)
    left = [a for a in one.init.arguments if a.default is not None and a.name not in {g.argument for g in given}]
    shown = Decision(
        symbol=symbol,
        line=one.init.line,
        constructor=one.init.written if one.owner else _written(one),
        kind=LOSS,
        why=f"{why}; boxes as {_in_words(forms)}",
        given=given,
        left=tuple(f"{a.name}={a.default}" for a in left),
        doubt=_doubt(paste, one) or _without_switches(one, given),
    )
    values = {name for g in given for name in names_in(g.value)} | ({passed} - {""})
    return LossDecision(
        decision=shown,
        boxes=forms,
        gives=kind,
        passed=passed,
        call=", ".join(_written_given(one, given)),
        assigns=not values and not _keeps_state(paste, one),
    )


def takes_boxes(paste: Pasted, symbol: str) -> bool:
    """Tell whether a function or a class takes two boxes, by lines that are right for boxes of one form."""
    try:
        one = _callable(paste, symbol)
    except UsageError:
        return False
    return bool(_followed(paste, one, ()).forms)


def may_take_boxes(paste: Pasted, symbol: str) -> bool:
    """Tell whether a function or a class takes coordinates of two arguments, so that they may be boxes."""
    try:
        one = _callable(paste, symbol)
    except UsageError:
        return False
    return _shows_boxes(_followed(paste, one, ()))


def has_place(paste: Pasted, symbol: str) -> bool:
    """Tell whether a function or a class is called with two boxes alone, and gives a value for each pair."""
    try:
        one = _callable(paste, symbol)
        found = _followed(paste, one, _by_names(one))
        _require_one_value(paste, one, found)
    except UsageError:
        return False
    return not _wanted(one) and _shows_boxes(found)


def compares_boxes(paste: Pasted, symbol: str) -> bool:
    """Tell whether a class gives a value that follows two boxes, by whatever functions of the file."""
    try:
        found = _followed(paste, _callable(paste, symbol), ())
    except UsageError:
        return False
    trends = {one.value.trend for one in found.returned}
    return bool(found.forms) and bool(trends) and trends <= {GROWS, SHRINKS}


def not_of_boxes(paste: Pasted, symbol: str, line: int) -> UsageError:
    """Return the error for a loss that takes something else than boxes."""
    return UsageError(
        f"{symbol} in {paste.name} is a loss, but not one of boxes: only those have a place",
        details=[
            "expected: code that takes the coordinates of two boxes, the predicted and the wanted one",
            f"found:    line {line}: {paste.line(line).strip()}",
        ],
        hint="name a file with a layer or a loss of boxes; another one goes into the workspace's utils/loss.py by hand",
    )


def loss_module(found: LossDecision, name: str, origin: str) -> Module:
    """Return the catalog's entry for a loss."""
    return Module(
        name=name,
        source=own_source_name(name),
        bare=name,
        conv="",
        paper=origin,
        tutorial=None,
        call=f"{name}({found.call})",
        kind=LOSS,
        symbol=found.decision.symbol,
        boxes=found.boxes,
        gives=found.gives,
        passed=found.passed,
        assigns=found.assigns,
    )


def _callable(paste: Pasted, symbol: str) -> _Callable:
    if symbol in paste.functions:
        node, owner, skip = paste.functions[symbol], None, 0
    else:
        methods = (found for name in _CALLS if (found := paste.method(symbol, name)))
        method = next(methods, None)
        if method is None:
            raise UsageError(
                f"{symbol} in {paste.name} cannot be called with boxes: it has no forward and no __call__",
                hint="name the class or the function that gives the loss: --class NAME",
            )
        node, owner, skip = method, symbol, 1
    arguments = _arguments(node, skip)
    needed = [one for one in arguments if one.default is None]
    if len(arguments) < 2 or len(needed) < 2:
        raise UsageError(
            f"{symbol} in {paste.name} takes no two boxes: line {node.lineno}, {symbol}({ast.unparse(node.args)})",
            details=["expected: a predicted and a wanted box, each [N, 4], as the first two arguments"],
            hint="name the class or the function that gives the loss: --class NAME",
        )
    if owner is None:
        return _Callable(symbol, node, None, arguments, Constructor(node.lineno, arguments[2:], False))
    init = paste.method(owner, "__init__")
    line = init.lineno if init else paste.classes[owner].lineno
    more = bool(init and (init.args.vararg or init.args.kwarg))
    return _Callable(symbol, node, owner, arguments, Constructor(line, _arguments(init, 1) if init else (), more))


def _arguments(node: ast.FunctionDef, skip: int) -> tuple[Argument, ...]:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [ast.unparse(one) for one in given.defaults]
    found = [Argument(one.arg, default, None) for one, default in zip(positional, defaults)][skip:]
    for one, default in zip(given.kwonlyargs, given.kw_defaults):
        found.append(Argument(one.arg, ast.unparse(default) if default else None, None, True))
    return tuple(found)


def _given(one: _Callable, args: str | None) -> tuple[Given, ...]:
    """Return the values of the arguments besides the boxes, or of the constructor's."""
    found = {g.argument: g for g in bind(args, one.init, one.name)} if args else {}
    found |= {g.argument: g for g in _by_names(one) if g.argument not in found}
    # the size of the input is known when a loss is called, not when one is made
    offered = set() if one.owner else {by.WIDTH, by.HEIGHT}
    foreign = sorted({name for g in found.values() for name in names_in(g.value)} - offered)
    if foreign:
        raise UsageError(
            f"--args {args}: {one.name} cannot use {', '.join(foreign)}",
            details=["expected: numbers, texts, True, False" + ("" if one.owner else f", {by.WIDTH}, {by.HEIGHT}")],
            hint='e.g. --args "ratio=0.7"',
        )
    missing = [a.name for a in one.init.arguments if a.default is None and a.name not in found]
    if missing:
        raise OpenError(
            "args",
            f"arguments of {one.name}",
            {},
            f"cannot call {one.name}: the value of {', '.join(missing)} is unknown",
            details=[f"found: line {one.init.line}, {one.name}{one.init.written}"],
            hint=f'give its arguments: --args "{", ".join(f"{name}=..." for name in missing)}"',
        )
    return tuple(found.values())


def _by_names(one: _Callable) -> tuple[Given, ...]:
    """Return the values that the names of arguments tell; the size of an input is not known to a constructor."""
    usual = ((argument.name, _usual(argument)) for argument in one.init.arguments)
    return tuple(
        Given(name, value, "by its name")
        for name, value in usual
        if value is not None and (one.owner is None or not names_in(value))
    )


def _usual(argument: Argument) -> str | None:
    if argument.name in _FORM_FLAGS:
        return repr(_FORM_FLAGS[argument.name])
    if argument.name == "reduction":
        return "'none'"
    if argument.name in ("box_format", "bbox_format", "fmt", "mode") and argument.default in ("'xywh'", "'xyxy'"):
        return "'xyxy'"
    return _SIZES.get(argument.name)


def _wanted(one: _Callable) -> list[str]:
    """Return the arguments of a class's call, after the boxes, that nothing tells."""
    after = one.arguments[2:] if one.owner else ()
    return [argument.name for argument in after if _usual(argument) is None and argument.default is None]


def _passed(paste: Pasted, one: _Callable) -> str:
    """Return what a class's call gets after the boxes."""
    if one.owner is None:
        return ""
    wanted = _wanted(one)
    if wanted:
        names = ", ".join(wanted)
        defaults = f"give {names} a default in the file, or take it as an argument of the constructor"
        called = [name for name in sorted(used_names(one.node)) if name != one.name and has_place(paste, name)]
        other = "name the function or the class that compares two boxes: --class NAME"
        if called:
            other = f"name what it compares two boxes with: {' or '.join(f'--class {name}' for name in called)}"
        raise UsageError(
            f"cannot call {one.name} with two boxes alone: it wants {names}, too",
            details=[f"found: line {one.node.lineno}, ({ast.unparse(one.node.args)})"],
            hint=defaults if len(wanted) == 1 and not called else other,
        )
    usual = [(argument, _usual(argument)) for argument in one.arguments[2:]]
    return ", ".join(f"{argument.name}={value}" for argument, value in usual if value is not None)


def _followed(paste: Pasted, one: _Callable, given: tuple[Given, ...]) -> Followed:
    constants = {g.argument: value for g in given if (value := _constant(g.value)) is not None or g.value == "None"}
    if one.owner is None:
        return following.follow(paste, one.node, one.boxes, {**defaults_of(one.node), **constants}, {})
    init = paste.method(one.owner, "__init__")
    values = {**(defaults_of(init) if init else {}), **constants}
    attributes = dict(_stored(init, values)) if init else {}
    passed = {a.name: value for a in one.arguments[2:] if (value := _constant(_usual(a) or "")) is not None}
    inner = {**defaults_of(one.node), **passed}
    return following.follow(paste, one.node, one.boxes, inner, attributes, one.owner)


def _stored(init: ast.FunctionDef, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the attributes in which a constructor stores constants, with their values."""
    for part in ast.walk(init):
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Attribute):
            if isinstance(part.value, ast.Constant):
                yield part.targets[0].attr, part.value.value
            elif isinstance(part.value, ast.Name) and part.value.id in values:
                yield part.targets[0].attr, values[part.value.id]


def _constant(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _shows_boxes(found: Followed) -> bool:
    return bool(found.forms) or all(found.layouts.values())


def _require_boxes(paste: Pasted, one: _Callable, found: Followed, asked: bool) -> None:
    """Refuse a loss of something else than boxes, before it is asked how it is called.

    Args:
        paste: the file.
        one: what is called.
        found: what following it found, with nothing known of its other arguments.
        asked: whether the user names the form of its boxes, and so says that it takes some.
    """
    if not asked and not _shows_boxes(found):
        raise not_of_boxes(paste, one.name, one.node.lineno)
    if found.beyond:
        line = min(found.beyond)
        raise UsageError(
            f"{one.name} takes rotated boxes: only a loss of upright ones has a place",
            details=[
                "expected: boxes of four numbers",
                f"found:    a fifth one, {paste.name}, line {line}: {paste.line(line).strip()}",
            ],
            hint="upstream computes the overlap of rotated boxes (task obb) with its own probiou; another one goes into"
            " the workspace's utils/metrics.py by hand",
        )


def _require_one_value(paste: Pasted, one: _Callable, found: Followed) -> None:
    for returned in found.returned:
        several = returned.value.elements
        if not several and not returned.value.is_number:
            continue
        what = f"{len(several)} values" if several else "one number for all boxes"
        raise UsageError(
            f"{one.name} gives {what}: upstream weighs the loss of each box",
            details=[
                "expected: a value for each pair of boxes",
                f"found:    {paste.name}, line {returned.line}: {paste.line(returned.line).strip()}",
            ],
            hint="let it return the loss of each box alone (without mean or sum), and add the file again",
        )
    if found.crossed:
        line = min(found.crossed)
        raise UsageError(
            f"{one.name} compares each box with every other one: upstream weighs the loss of each box with its own",
            details=[
                "expected: N values for N pairs of boxes",
                f"found:    N × N, {paste.name}, line {line}: {paste.line(line).strip()}",
            ],
            hint="compare the first box with the first, the second with the second, without a new axis, or return"
            " torch.diag(...) of the result, and add the file again",
        )
    if not found.returned:
        raise UsageError(
            f"{one.name} in {paste.name} returns nothing",
            details=[f"found: line {one.node.lineno}, ({ast.unparse(one.node.args)})"],
            hint="name the class or the function that gives the loss: --class NAME",
        )


def _forms(paste: Pasted, one: _Callable, found: Followed, asked: str | None) -> tuple[str, str]:
    if asked is not None:
        words = asked.replace(",", " ").split()
        if len(words) not in (1, 2) or not all(word in BOX_FORMS for word in words):
            raise UsageError(
                f"--boxes {asked}: unknown form",
                details=[f"known: {', '.join(BOX_FORMS)}, or two of them for the predicted and the wanted boxes"],
                hint="e.g. --boxes xyxy",
            )
        return words[0], words[-1]
    shown = [form for form in (XYXY, XYWH) if form in found.forms]
    if len(shown) != 1:
        lines = [f"{form}: line {found.forms[form][0]}, {paste.line(found.forms[form][0]).strip()}" for form in shown]
        raise OpenError(
            "boxes",
            "form of the boxes",
            {XYXY: "two corners: x1, y1, x2, y2", XYWH: "the centre and the size: x, y, w, h"},
            f"it is not clear in which form {one.name} takes boxes",
            details=[f"found: {line}" for line in lines] or ["found: no line that is right for one form only"],
            hint="name it: --boxes xyxy (two corners) or --boxes xywh (centre and size)",
        )
    first, second = (_laid_out(one, shown[0], found.layouts.get(name, {})) for name in one.boxes)
    return first, second


def _laid_out(one: _Callable, form: str, layouts: Mapping[str, list[int]]) -> str:
    """Return the form of a box with its layout: [4, N] where the code takes coordinates from the first axis."""
    if ROWS in layouts and COLUMNS in layouts and "turned" not in layouts:
        raise UsageError(
            f"{one.name} takes the coordinates of a box from two axes: lines {layouts[ROWS][0]}, {layouts[COLUMNS][0]}",
            hint="name the form that it takes: --boxes xyxy, or --boxes xyxy.T for [4, N]",
        )
    is_columns = (COLUMNS in layouts) != ("turned" in layouts)
    return f"{form}.T" if is_columns and layouts else form


def _gives(paste: Pasted, one: _Callable, found: Followed, asked: str | None) -> tuple[str, str]:
    if asked is not None:
        return asked, f"it gives {_MEANS[asked]}, from --gives"
    trends = {returned.value.trend for returned in found.returned}
    line = found.returned[-1].line
    quoted = f"line {line}: {paste.line(line).strip()}"
    if trends == {GROWS}:
        return GIVES_OVERLAP, f"it gives an overlap, which grows as boxes come to agree ({quoted})"
    if trends == {SHRINKS}:
        return GIVES_LOSS, f"it gives a loss, which shrinks as boxes come to agree ({quoted})"
    raise OpenError(
        "gives",
        "what it gives",
        {GIVES_LOSS: "it is 0 for boxes that are the same", GIVES_OVERLAP: "it is largest for boxes that are the same"},
        f"it is not clear whether {one.name} gives a loss or an overlap",
        details=[f"found: {quoted}"],
        hint="name it: --gives loss (0 for the same boxes) or --gives overlap (largest for the same boxes)",
    )


def _written_given(one: _Callable, given: tuple[Given, ...]) -> Iterator[str]:
    """Yield the given arguments as they are written in the call, by name."""
    values = {g.argument: g.value for g in given}
    return (f"{a.name}={values[a.name]}" for a in one.init.arguments if a.name in values)


def _written(one: _Callable) -> str:
    shown = [a.name if a.default is None else f"{a.name}={a.default}" for a in one.arguments]
    return f"({', '.join(shown)})"


def _in_words(forms: tuple[str, str]) -> str:
    words = {"xyxy": "two corners", "xywh": "centre and size", "xyxy.T": "two corners, [4, N]"}
    each = [words.get(form, "centre and size, [4, N]") for form in forms]
    return each[0] if each[0] == each[1] else f"{each[0]} (the predicted ones) and {each[1]} (the wanted ones)"


def _without_switches(one: _Callable, given: tuple[Given, ...]) -> str:
    """Return that a function with a switch for each of several losses gets none of them; "" for another one."""
    tests = [part.test for part in ast.walk(one.node) if isinstance(part, (ast.If, ast.IfExp))]
    named = {part.id for test in tests for part in ast.walk(test) if isinstance(part, ast.Name)}
    is_on = {g.argument for g in given if g.value == "True"}
    switches = [a.name for a in one.init.arguments if a.default == "False" and a.name in named]
    offered = [name for name in switches if name not in _FORM_FLAGS]
    if one.owner is not None or len(offered) < _SWITCHES or is_on & {*offered}:
        return ""
    return (
        f"its switches {', '.join(offered)} are all off, so it gives what it gives without them, which is often the "
        f'plain overlap; for one of them: --args "{offered[0]}=True"'
    )


def _doubt(paste: Pasted, one: _Callable) -> str:
    """Return where a class keeps a state that no checkpoint has; "" where it keeps none."""
    if one.owner is None:
        return ""
    owners = [paste.classes[name] for name in (one.owner, *paste.bases(one.owner)) if name in paste.classes]
    buffers = {name for owner in owners for name in _registered(owner)}
    for owner in owners:
        for function in (part for part in owner.body if isinstance(part, ast.FunctionDef) and part.name != "__init__"):
            anew = _set_anew(function) if function.name in _CALLS else frozenset()
            for target in _targets(function):
                if target.attr not in buffers | anew and ast.unparse(target.value) in ("self", "cls", one.owner):
                    return (
                        f"line {target.lineno} keeps {target.attr} from batch to batch, which is no buffer: it begins "
                        "anew when a training is resumed; a buffer, registered in the constructor with "
                        f"register_buffer({target.attr!r}, ...), is kept"
                    )
    return ""


def _set_anew(function: ast.FunctionDef) -> frozenset[str]:
    """Return the attributes that every call sets before it reads them, so that nothing is kept from the last one."""
    found: set[str] = set()
    read: set[str] = set()
    for statement in function.body:
        value, targets = (statement.value, statement.targets) if isinstance(statement, ast.Assign) else (statement, [])
        read |= {part.attr for part in ast.walk(value) if isinstance(part, ast.Attribute)}
        found |= {one.attr for one in targets if isinstance(one, ast.Attribute)} - read
    return frozenset(found)


def _targets(function: ast.FunctionDef) -> Iterator[ast.Attribute]:
    """Yield the attributes that a method assigns, and that it changes in place."""
    for part in ast.walk(function):
        if isinstance(part, ast.Assign):
            yield from (one for one in part.targets if isinstance(one, ast.Attribute))
        elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Attribute):
            yield part.target
        elif isinstance(part, ast.Attribute) and part.attr in _IN_PLACE and isinstance(part.value, ast.Attribute):
            yield part.value  # self.mean.add_(...)


_IN_PLACE = ("add_", "mul_", "sub_", "div_", "copy_", "fill_", "lerp_")


def _registered(owner: ast.ClassDef) -> Iterator[str]:
    for part in ast.walk(owner):
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "self.register_buffer" and part.args:
            found = part.args[0]
            if isinstance(found, ast.Constant):
                yield str(found.value)


def _keeps_state(paste: Pasted, one: _Callable) -> bool:
    if one.owner is None:
        return False
    owners = (paste.classes[name] for name in (one.owner, *paste.bases(one.owner)) if name in paste.classes)
    return bool(_doubt(paste, one)) or any(any(_registered(owner)) for owner in owners)
