"""Decide the kind of a pasted module, and the arguments of its constructor when it replaces upstream's layers."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONVOLUTION, HEAD, JOIN, KINDS, LAYER, LIKE, UP
from yolopatch.catalog.names import fold
from yolopatch.core.paste.calls import Given, bind, is_plain, names_in
from yolopatch.core.paste.constructor import Constructor, read_constructor
from yolopatch.core.paste.ending import How, end_of, norms_in
from yolopatch.core.paste.forward import inputs, kept_input, no_map, resizes, takes_several
from yolopatch.core.paste.meanings import meanings
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse_expression
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

# The possible kinds of a class with channels in and out, if nothing else decides, as shown to the user.
_MAY_BE = {
    "attention": "it keeps the channels, and goes after a layer",
    "Conv": "it replaces a convolution, and has its own BatchNorm",
    "Conv2d": "it replaces a convolution, and BatchNorm is added after it",
    "C3k2": "it replaces a block",
}


@dataclass(frozen=True)
class Decision:
    """The kind of a module, and its call.

    Attributes:
        symbol: the name of the class in the file.
        line: the first line of its constructor.
        constructor: its arguments, as in the file.
        kind: a key of `KINDS`.
        why: the reason for the kind, in one sentence.
        given: the values of arguments; other arguments keep their defaults.
        left: the arguments that keep their defaults, as in the file.
        doubt: why a kind that the user named may be wrong; "" if nothing is known.
        outputs, spread, stem: as in `Module`.
    """

    symbol: str
    line: int
    constructor: str
    kind: str
    why: str
    given: tuple[Given, ...]
    left: tuple[str, ...]
    doubt: str = ""
    outputs: str = ""
    spread: bool = False
    stem: str = ""

    @property
    def like(self) -> str:
        """The value of `--like` for the kind."""
        return KINDS[self.kind].word


def decide(
    paste: Pasted, symbol: str, like: str | None = None, args: str | None = None, outputs: str | None = None
) -> Decision:
    """Decide the kind of a class, and the arguments of its call.

    Args:
        paste: the file.
        symbol: the class.
        like: a key of `LIKE`; None to decide here.
        args: the arguments of its constructor, as in a Python call, with the values of its kind; None to decide here.
        outputs: its output channels in Python, with the values of its kind; None to decide here.

    Raises:
        UsageError: the decision is not possible, or a given value does not fit; the hint has the option to use.
    """
    word = _word(like)
    asked = LIKE[word] if word else None
    constructor = read_constructor(paste, symbol)
    _require_one_input(paste, symbol)
    _require_one_result(paste, symbol)
    if asked is None and args is None:
        _require_one_map(paste, symbol)
        _require_same_size(paste, symbol)
    found = meanings(constructor) if args is None else bind(args, constructor, symbol)
    known = {name for one in found for name in names_in(one.value)}
    kind, why = (asked, "from --like") if asked else _kind(paste, symbol, constructor, known)
    given = found
    if args is None:
        given = tuple(one for one in found if one.value in KINDS[kind].values)
    else:
        _require_offered(args, symbol, kind, known)
    _require_all(symbol, paste, kind, constructor, given)
    named = {one.argument for one in given}
    left = tuple(f"{a.name}={a.default}" for a in constructor.arguments if a.name not in named)
    doubt = _doubt(paste, symbol, kind) if asked in (LAYER, CONVOLUTION) else ""
    stem = word if word and kind == HEAD else ""
    if outputs is not None:
        _require_outputs(outputs, kind)
    return Decision(
        symbol, constructor.line, constructor.written, kind, why, given, left, doubt, outputs=outputs or "", stem=stem
    )


def _doubt(paste: Pasted, symbol: str, kind: str) -> str:
    """Return why the forward of a convolution contradicts the kind that the user named; "" if it does not."""
    end = end_of(paste, symbol)
    if kind == LAYER and end.how is How.BARE:
        return f"it ends in {end.by} without a norm: --like Conv2d would add BatchNorm and activation after it"
    if kind == CONVOLUTION and end.how is How.NORMED:
        return f"{end.by} already normalises its output, and --like Conv2d adds a second BatchNorm"
    return ""


def _word(like: str | None) -> str | None:
    """Return the value of `--like` as it is spelled here."""
    if like is None:
        return None
    found = next((word for word in LIKE if fold(word) == fold(like)), None)
    if found is None:
        raise UsageError(
            f"--like {like}: unknown value",
            details=[f"known: {', '.join(LIKE)}"],
            hint="Conv2d: a bare convolution; Conv: one with its own BatchNorm; attention: keeps the channels;"
            " C3k2, C2f, C3: a block with repeats",
        )
    return found


def _require_outputs(outputs: str, kind: str) -> None:
    """Refuse output channels that are no expression of the kind's values, or a kind whose rows have them."""
    if kind not in (JOIN, UP, HEAD):
        raise UsageError(
            f"--outputs {outputs}: a module in the place of {KINDS[kind].word} has its channels from the row"
        )
    try:
        value = parse_expression(outputs)
    except SyntaxError as error:
        raise UsageError(
            f"--outputs {outputs}: it is not an expression", hint='e.g. --outputs "sum(inputs)"'
        ) from error
    foreign = sorted(names_in(outputs) - {*KINDS[kind].values})
    if foreign or not is_plain(value):
        raise UsageError(
            f"--outputs {outputs}: it is more than numbers and {', '.join(KINDS[kind].values)}",
            hint='e.g. --outputs "sum(inputs)"',
        )


def _require_one_input(paste: Pasted, symbol: str) -> None:
    taken = inputs(paste, symbol)
    if taken is not None and len(taken) != 1:
        raise UsageError(
            f"{symbol} cannot be a layer of a model: its forward takes {', '.join(taken) or 'nothing'}",
            details=["expected: one tensor"],
            hint="name a module that takes one tensor, for example one that this module uses",
        )


def _require_one_result(paste: Pasted, symbol: str) -> None:
    found = no_map(paste, symbol)
    if found is not None:
        statement, what = found
        raise UsageError(
            f"{symbol} cannot be a layer of a model: its forward returns {what}",
            details=["expected: one map", f"found:    {_quoted(paste, statement)}"],
            hint="let the forward return the map alone, and add the file again",
        )


def _require_same_size(paste: Pasted, symbol: str) -> None:
    found = resizes(paste, symbol)
    if found is not None:
        raise UsageError(
            f"{symbol} gives its map another size: layers in the place of nn.Upsample are not supported yet",
            details=["expected: a map of the size of its input", f"found:    {_quoted(paste, found)}"],
            hint=f"name a module that keeps the size; if {symbol} keeps it, name its kind: --like attention",
        )


def _quoted(paste: Pasted, node: ast.stmt | ast.expr) -> str:
    return f"{paste.name}, line {node.lineno}: {paste.line(node.lineno).strip()}"


def _require_one_map(paste: Pasted, symbol: str) -> None:
    element = takes_several(paste, symbol)
    if element is not None:
        raise UsageError(
            f"{symbol} takes several maps: layers that join maps are not supported yet",
            details=[f"found: {_quoted(paste, element)}"],
            hint=f"name a module that takes one map; if {symbol} takes one map, name its kind: --like Conv",
        )


def _kind(paste: Pasted, symbol: str, constructor: Constructor, known: set[str]) -> tuple[str, str]:
    """Return the kind that follows from the constructor and the forward, and the reason."""
    kept = kept_input(paste, symbol)
    if by.INPUTS not in known:
        if constructor.required:
            raise _unmapped(symbol, paste, constructor, "the name of no argument means a number of channels")
        if not kept:
            raise _without_channels(paste, symbol, constructor)
        return ATTENTION, kept
    if by.OUTPUTS not in known:
        return ATTENTION, "it has one number of channels, so it keeps the channels, and goes after a layer"
    if by.REPEATS in known:
        return BLOCK, "it has channels in and out, and a number of repeats"
    # with a stride, the input is kept only in some calls
    if by.STRIDE in known or (by.KERNEL in known and not kept):
        return _convolution(paste, symbol)
    if kept:
        return ATTENTION, f"{kept}, so it keeps the channels"
    raise _open_kind(
        tuple(_MAY_BE),
        f"the kind of {symbol} in {paste.name} is not clear",
        f"line {constructor.line}, {symbol}{constructor.written}: channels in and out, but no kernel, stride or"
        " repeats",
        "name its kind: --like attention (it keeps the channels), --like Conv (it replaces a convolution; --stride 2"
        " if it halves the map) or --like C3k2 (it replaces a block)",
    )


def _without_channels(paste: Pasted, symbol: str, constructor: Constructor) -> OpenError:
    return _open_kind(
        ("attention",),
        f"{symbol} in {paste.name} gets no number of channels: it is not clear whether it keeps the channels",
        f"line {constructor.line}, {symbol}{constructor.written}",
        "if it keeps the channels: --like attention; a module that changes them needs their number as an argument",
    )


def _open_kind(names: tuple[str, ...], what: str, found: str, hint: str) -> OpenError:
    """Return the error for a kind that needs `--like`; `names` are the possible values."""
    choices = {name: _MAY_BE[name] for name in names}
    return OpenError("like", "like what", choices, what, details=[f"found: {found}"], hint=hint)


def _convolution(paste: Pasted, symbol: str) -> tuple[str, str]:
    end = end_of(paste, symbol)
    if end.how is How.NORMED:
        return (
            LAYER,
            f"it is a convolution, and {end.by} normalises its output: it replaces upstream's Conv as it is",
        )
    norms = norms_in(paste, symbol)
    if end.how is How.BARE or not norms:
        return CONVOLUTION, "it is a convolution without a norm at its end: BatchNorm and activation are added after it"
    raise _open_kind(
        ("Conv", "Conv2d"),
        f"it is not clear whether {symbol} in {paste.name} normalises its output",
        f"{', '.join(norms)} in it, but not whether its forward ends with it",
        "name its kind: --like Conv (its output is normalised) or --like Conv2d (BatchNorm is added after it)",
    )


def _require_offered(args: str, symbol: str, kind: str, known: set[str]) -> None:
    foreign = sorted(known - {*KINDS[kind].values})
    if foreign:
        raise UsageError(
            f"--args {args}: with --like {KINDS[kind].word}, {symbol} cannot use {', '.join(foreign)}",
            details=[f"expected: {', '.join(KINDS[kind].values)}"],
            hint=f'e.g. --args "{", ".join(KINDS[kind].values[:3])}"',
        )


def _require_all(symbol: str, paste: Pasted, kind: str, constructor: Constructor, given: tuple[Given, ...]) -> None:
    named = {one.argument for one in given}
    missing = [a.name for a in constructor.required if a.name not in named]
    if not missing:
        return
    found = f"the value of {', '.join(missing)} is unknown"
    raise _unmapped(symbol, paste, constructor, found, kind, given)


def _unmapped(
    symbol: str,
    paste: Pasted,
    constructor: Constructor,
    found: str,
    kind: str = CONVOLUTION,
    given: tuple[Given, ...] = (),
) -> UsageError:
    values = {one.argument: one.value for one in given}
    shown = [values.get(a.name, f"{a.name}=...") for a in constructor.required] or list(KINDS[kind].values[:3])
    return OpenError(
        "args",
        f"arguments of {symbol}",
        {},
        f"cannot call the constructor of {symbol}: {found}",
        details=[
            f"found: {paste.name}, line {constructor.line}: {symbol}{constructor.written}",
            f"names that --args can use with --like {KINDS[kind].word}: {', '.join(KINDS[kind].values)}",
        ],
        hint=f'give its arguments: --args "{", ".join(shown)}"',
    )
