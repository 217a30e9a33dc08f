"""Decide what a pasted module is, and with what its constructor is called in the place of upstream's layers."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.catalog.modules import ATTENTION, BLOCK, CONVOLUTION, LAYER
from yolopatch.catalog.names import fold
from yolopatch.core.paste.calls import Given, bind, names_in
from yolopatch.core.paste.constructor import Constructor, read_constructor
from yolopatch.core.paste.ending import How, end_of, norms_in
from yolopatch.core.paste.forward import inputs, kept_input, takes_several
from yolopatch.core.paste.meanings import meanings
from yolopatch.core.paste.reading import Pasted
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

# What `--like` names: the class of torch's or upstream's in whose place the module stands.
LIKE = {
    "Conv2d": CONVOLUTION,
    "Conv": LAYER,
    "attention": ATTENTION,
    "C3k2": BLOCK,
    "C2f": BLOCK,
    "C3": BLOCK,
    "block": BLOCK,
}
# Of these, what a class with channels in and out, and nothing else that speaks for it, may be.
_MAY_BE = {
    "attention": "it keeps its channels, and stands behind a layer",
    "Conv": "it takes a convolution's place, with its own BatchNorm",
    "Conv2d": "it takes a convolution's place, and BatchNorm goes behind it",
    "C3k2": "it takes a block's place",
}
_WORDS = {CONVOLUTION: "Conv2d", LAYER: "Conv", ATTENTION: "attention", BLOCK: "block"}

# What each kind may be given, as upstream's own class of that kind is.
OFFERED = {
    CONVOLUTION: (by.INPUTS, by.OUTPUTS, by.KERNEL, by.STRIDE, by.PADDING, by.GROUPS, by.DILATION),
    LAYER: (by.INPUTS, by.OUTPUTS, by.KERNEL, by.STRIDE, by.PADDING, by.GROUPS, by.DILATION, by.ACTIVATION),
    ATTENTION: (by.INPUTS, by.OUTPUTS),
    BLOCK: (by.INPUTS, by.OUTPUTS, by.REPEATS, by.SHORTCUT, by.EXPANSION, by.GROUPS, by.C3K),
}


@dataclass(frozen=True)
class Decision:
    """What a module is.

    Attributes:
        symbol: the class's name in the file.
        line: where its constructor begins.
        constructor: its arguments, as the file has them.
        kind: one of catalog.modules.KINDS.
        why: the reason for it, one sentence.
        given: what each argument is given; an argument that is not here keeps its default.
        left: the arguments that keep their default, as the file writes them.
        doubt: what speaks against a kind that the user named, "" where nothing does.
    """

    symbol: str
    line: int
    constructor: str
    kind: str
    why: str
    given: tuple[Given, ...]
    left: tuple[str, ...]
    doubt: str = ""

    @property
    def like(self) -> str:
        """What `--like` calls the kind."""
        return _WORDS[self.kind]


def decide(paste: Pasted, symbol: str, like: str | None = None, args: str | None = None) -> Decision:
    """Decide what a class of the file is, and how it is called.

    Args:
        paste: the file.
        symbol: the class.
        like: one of `LIKE`; None to find out.
        args: what to give its constructor, as a call in Python has it, of the names in `OFFERED`; None to find out.

    Raises:
        UsageError: it cannot be found out, or what was asked for does not fit; what settles it is in the hint.
    """
    asked = _asked(like)
    constructor = read_constructor(paste, symbol)
    _require_one_input(paste, symbol)
    if asked is None and args is None:
        _require_one_map(paste, symbol)
    found = meanings(constructor) if args is None else bind(args, constructor, symbol)
    known = {name for one in found for name in names_in(one.value)}
    kind, why = (asked, "as you said, with --like") if asked else _kind(paste, symbol, constructor, known)
    given = found
    if args is None:
        given = tuple(one for one in found if one.value in OFFERED[kind])
    else:
        _require_offered(args, symbol, kind, known)
    _require_all(symbol, paste, kind, constructor, given)
    named = {one.argument for one in given}
    left = tuple(f"{a.name}={a.default}" for a in constructor.arguments if a.name not in named)
    doubt = _doubt(paste, symbol, kind) if asked in (LAYER, CONVOLUTION) else ""
    return Decision(symbol, constructor.line, constructor.written, kind, why, given, left, doubt)


def _doubt(paste: Pasted, symbol: str, kind: str) -> str:
    """Return what a convolution's forward says against the place that the user named for it."""
    end = end_of(paste, symbol)
    if kind == LAYER and end.how is How.BARE:
        return f"it ends in {end.by}, with no norm behind it: --like Conv2d would put BatchNorm and activation there"
    if kind == CONVOLUTION and end.how is How.NORMED:
        return f"{end.by} normalises what it returns, and --like Conv2d puts a second BatchNorm behind that"
    return ""


def _asked(like: str | None) -> str | None:
    if like is None:
        return None
    found = next((kind for name, kind in LIKE.items() if fold(name) == fold(like)), None)
    if found is None:
        raise UsageError(
            f"--like {like}: nothing is told apart by that",
            details=[f"known: {', '.join(LIKE)}"],
            hint="Conv2d: a bare convolution; Conv: one with its own BatchNorm; attention: keeps its channels;"
            " C3k2, C2f, C3: a block with repeats",
        )
    return found


def _require_one_input(paste: Pasted, symbol: str) -> None:
    taken = inputs(paste, symbol)
    if taken is not None and len(taken) != 1:
        raise UsageError(
            f"{symbol} cannot stand in a model's row: its forward takes {', '.join(taken) or 'nothing'}",
            details=["expected: one tensor, as a layer that is fed by one other is given"],
            hint="name a module that takes one tensor, such as one that this one is made with",
        )


def _require_one_map(paste: Pasted, symbol: str) -> None:
    element = takes_several(paste, symbol)
    if element is not None:
        raise UsageError(
            f"{symbol} takes several maps, and stands for a layer that joins them: there is no such place yet",
            details=[f"found: {paste.name}, line {element.lineno}: {paste.line(element.lineno).strip()}"],
            hint=f"name a module that takes one map; if {symbol} does, say like what it is: --like Conv",
        )


def _kind(paste: Pasted, symbol: str, constructor: Constructor, known: set[str]) -> tuple[str, str]:
    """Return the kind that the constructor and the forward speak for, and the reason."""
    kept = kept_input(paste, symbol)
    if by.INPUTS not in known:
        if constructor.required:
            raise _unmapped(symbol, paste, constructor, "no argument of it is a number of channels by its name")
        if not kept:
            raise _without_channels(paste, symbol, constructor)
        return ATTENTION, kept
    if by.OUTPUTS not in known:
        return ATTENTION, "it has one number of channels, so it keeps them, and stands behind a layer"
    if by.REPEATS in known:
        return BLOCK, "it has channels in and out, and a number of repeats"
    # with a stride, the input can be kept in some calls alone
    if by.STRIDE in known or (by.KERNEL in known and not kept):
        return _convolution(paste, symbol)
    if kept:
        return ATTENTION, f"{kept}, so it keeps the channels"
    raise _open_kind(
        tuple(_MAY_BE),
        f"what {symbol} in {paste.name} stands for is open",
        f"line {constructor.line}, {symbol}{constructor.written}: channels in and out, and neither kernel, stride nor"
        " repeats",
        "say it: --like attention (it keeps its channels), --like Conv (it takes a convolution's place; --stride 2"
        " if it halves the map) or --like C3k2 (a block's place)",
    )


def _without_channels(paste: Pasted, symbol: str, constructor: Constructor) -> OpenError:
    return _open_kind(
        ("attention",),
        f"{symbol} in {paste.name} is told no number of channels: whether it keeps those that it reads is open",
        f"line {constructor.line}, {symbol}{constructor.written}",
        "if as many channels go out as come in: --like attention; one that changes them must be told how many",
    )


def _open_kind(names: tuple[str, ...], what: str, found: str, hint: str) -> OpenError:
    """Return the error of a kind that `--like` has to say; `names` are those that it may be."""
    choices = {name: _MAY_BE[name] for name in names}
    return OpenError("like", "like what", choices, what, details=[f"found: {found}"], hint=hint)


def _convolution(paste: Pasted, symbol: str) -> tuple[str, str]:
    end = end_of(paste, symbol)
    if end.how is How.NORMED:
        return (
            LAYER,
            f"it is a convolution, and {end.by} normalises what it returns: it stands alone for upstream's Conv",
        )
    norms = norms_in(paste, symbol)
    if end.how is How.BARE or not norms:
        return CONVOLUTION, "it is a convolution and ends in no norm: BatchNorm and activation are put behind it"
    raise _open_kind(
        ("Conv", "Conv2d"),
        f"whether {symbol} in {paste.name} normalises what it returns is open",
        f"{', '.join(norms)} in it, and not what its forward does with that last",
        "say it: --like Conv (it does: it stands alone) or --like Conv2d (BatchNorm and activation go behind it)",
    )


def _require_offered(args: str, symbol: str, kind: str, known: set[str]) -> None:
    foreign = sorted(known - {*OFFERED[kind]})
    if foreign:
        raise UsageError(
            f"--args {args}: there is no {', '.join(foreign)} where {symbol} stands like {_WORDS[kind]}",
            details=[f"there are: {', '.join(OFFERED[kind])}"],
            hint=f'e.g. --args "{", ".join(OFFERED[kind][:3])}"',
        )


def _require_all(symbol: str, paste: Pasted, kind: str, constructor: Constructor, given: tuple[Given, ...]) -> None:
    named = {one.argument for one in given}
    missing = [a.name for a in constructor.required if a.name not in named]
    if not missing:
        return
    found = f"nothing says what its {', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
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
    shown = [values.get(a.name, f"{a.name}=...") for a in constructor.required] or list(OFFERED[kind][:3])
    return OpenError(
        "args",
        f"{symbol} is given",
        {},
        f"the constructor of {symbol} cannot be mapped: {found}",
        details=[
            f"found: {paste.name}, line {constructor.line}: {symbol}{constructor.written}",
            f"there are, like {_WORDS[kind]}: {', '.join(OFFERED[kind])}",
        ],
        hint=f'say what it is given: --args "{", ".join(shown)}"',
    )
