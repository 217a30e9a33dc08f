"""Decide the kind of a pasted module, and the arguments of its constructor when it replaces upstream's layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from yolopatch.catalog.kinds import (
    ATTENTION,
    BACKBONE,
    BLOCK,
    CONV_LIKE,
    CONVOLUTION,
    HEAD,
    JOIN,
    KINDS,
    LAYER,
    LIKE,
    LOSS,
    UP,
)
from yolopatch.catalog.names import fold
from yolopatch.core.paste.calls import Given, bind, example, is_plain, names_in
from yolopatch.core.paste.constructor import Constructor, read_constructor
from yolopatch.core.paste.ending import How, end_of, norms_in
from yolopatch.core.paste.follow.trial import FAILED
from yolopatch.core.paste.forward import inputs, kept_input, takes_any_number
from yolopatch.core.paste.judging.contract import BROKEN, HOLDS, OPEN, Verdict, check, in_block
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.heads import classes_of, find_head, inherited_head, not_a_known_head, reads_pyramid
from yolopatch.core.paste.judging.images import as_backbone, find_backbone, made_for_image, refuse_unknown_network
from yolopatch.core.paste.judging.joins.several import (
    as_join,
    find_join,
    refuse_open_join,
    refuse_other_joins,
    refuse_tokens,
    several_maps,
    spread_join,
)
from yolopatch.core.paste.judging.one_map import ONE_MAP, as_of_kind, recognise, widened, without_stride
from yolopatch.core.paste.judging.own_defaults import refuse_own_defaults
from yolopatch.core.paste.judging.own_numbers import refuse_fixed_size, usual_numbers, with_usual_numbers
from yolopatch.core.paste.judging.own_values import (
    leave_to_defaults,
    with_named_width,
    with_only_width,
    with_scaled_width,
)
from yolopatch.core.paste.judging.refusals import layout_refused, not_followed, place_of, refused
from yolopatch.core.paste.judging.subject import WIDE, WIDTHS, Subject, one_map, values
from yolopatch.core.paste.judging.using import Usage, read_usage
from yolopatch.core.paste.judging.wanted_layers import wanted_layers, with_layers
from yolopatch.core.paste.meanings import meanings
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse_expression
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

# for arguments of which nothing tells what they are, to see what the class is with them
_GUESSES = ("8", "3", "1")
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
        limited: whether it works only in some rows, and perhaps not in its usual place.
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
    limited: bool = False

    @property
    def like(self) -> str:
        """The value of `--like` for the kind."""
        return KINDS[self.kind].word


def decide(
    paste: Pasted,
    symbol: str,
    like: str | None = None,
    args: str | None = None,
    stride: int = 1,
    outputs: str | None = None,
) -> Decision:
    """Decide the kind of a class, and the arguments of its call.

    Args:
        paste: the file.
        symbol: the class.
        like: a key of `LIKE`; None to decide here.
        args: the arguments of its constructor, as in a Python call, with the values of its kind; None to decide here.
        stride: of a class that replaces a convolution and has no argument for it.
        outputs: its output channels in Python, with the values of its kind; None to decide here.

    Raises:
        UsageError: the decision is not possible, a given value does not fit, or the class certainly does not work in
            the place of its kind; the hint has the option to use.
    """
    return _decide(subject_of(paste, symbol), like, args, stride, outputs)


def subject_of(paste: Pasted, symbol: str) -> Subject:
    """Return a class to judge, whose errors suggest only those other classes of the file that have a place.

    Raises:
        UsageError: no constructor is in the file.
    """
    return Subject(paste, symbol, read_constructor(paste, symbol), leads=lambda name: _has_place(paste, name))


def _has_place(paste: Pasted, symbol: str) -> bool:
    """Tell whether it is clear what a class is, without an option."""
    try:
        _decide(Subject(paste, symbol, read_constructor(paste, symbol), sounded=True))
    except UsageError:
        return False
    return True


def _decide(
    subject: Subject, like: str | None = None, args: str | None = None, stride: int = 1, outputs: str | None = None
) -> Decision:
    word = _asked(like)
    if outputs is not None and word:
        _require_outputs(outputs, LIKE[word])
    paste, symbol = subject.paste, subject.symbol
    subject = replace(subject, told=args is not None)
    usage = read_usage(subject)
    bound = None if args is None else bind(args, subject.constructor, symbol)
    try:
        if bound is None and not subject.constructor.required:
            refuse_own_defaults(subject)
        found = _with_kind(subject, usage, word, args, bound) if word else _recognised(subject, usage, args, bound)
    except OpenError:
        raise
    except UsageError as error:
        if bound is None:
            refuse_own_defaults(subject, error)
        raise
    _require_all(subject, usage, found.kind, found.given)
    if args is not None:
        _require_offered(args, subject, found.kind, {name for one in found.given for name in names_in(one.value)})
    if outputs is not None:
        _require_outputs(outputs, found.kind)
        found = replace(found, outputs=outputs)
    found = _checked(subject, found, stride, asked=bool(word))
    named = {one.argument for one in found.given}
    left = tuple(f"{a.name}={a.default}" for a in subject.constructor.arguments if a.name not in named)
    return Decision(
        symbol,
        subject.constructor.line,
        subject.constructor.written,
        found.kind,
        found.why,
        found.given,
        left,
        found.doubt or (_doubt(paste, symbol, found.kind) if word and found.kind in (LAYER, CONVOLUTION) else ""),
        found.outputs,
        found.spread,
        found.stem,
        found.limited,
    )


def _with_kind(subject: Subject, usage: Usage, word: str, args: str | None, bound: tuple[Given, ...] | None) -> Found:
    """Return the class as the kind that the user names."""
    kind = LIKE[word]
    if kind == JOIN:
        return as_join(subject, spread=_is_spread(subject), given=bound, asked=True)
    if kind == HEAD:
        head = find_head(subject, stem=word)
        assert head is not None  # its stem is given
        return replace(head, given=head.given if bound is None else bound)
    if kind == BACKBONE:
        return as_backbone(subject, bound or ())
    if kind != LOSS:
        _require_one_input(subject)
    given = meanings(usage.constructor, usage.why) if bound is None else bound
    if bound is None:
        given = _by_trial(subject, given) if kind in ONE_MAP else given
        given = _offered(as_of_kind(subject, usage, kind, given), kind)
        given = with_usual_numbers(
            subject, usage, given, lambda tried: kind in ONE_MAP and check(subject, kind, tried).state == HOLDS
        )
    outputs = ""
    if kind == UP and not subject.missing(given):
        outputs = widened(subject, given)
    return Found(kind, "from --like", given, outputs=outputs)


def _recognised(subject: Subject, usage: Usage, args: str | None, bound: tuple[Given, ...] | None) -> Found:
    """Return the kind that follows from the code, and the values of the arguments."""
    taken = inputs(subject.paste, subject.symbol)
    base = find_head(subject) if inherited_head(subject) else None
    if base:
        return base if bound is None else replace(base, given=bound)
    if bound is None and classes_of(subject):
        head = find_head(subject)
        if head is None and reads_pyramid(subject) and not made_for_image(subject):
            raise not_a_known_head(subject)
        if head:
            return head
    if taken is not None and len(taken) != 1:
        refuse_tokens(subject, meanings(usage.constructor, usage.why) if bound is None else bound)
        return _spread_join(subject, taken, bound)
    if usage.trial.parted:
        return several_maps(subject, bound)
    network = find_backbone(subject, usage.trial) if bound is None else None
    if network:
        return network
    given = bound
    if given is None:
        given = _by_trial(subject, with_named_width(subject, meanings(usage.constructor, usage.why)))
        given = with_usual_numbers(subject, usage, given, lambda tried: _holds(subject, usage, tried))
    try:
        one = recognise(subject, usage, given, lambda: _convolution(subject.paste, subject.symbol))
    except UsageError as error:
        # the lists of maps that a class wants may be seen only in its constructor
        joined = (find_join(subject, spread=False) or find_head(subject)) if bound is None else None
        wide = _as_wide(subject, usage, given, error) if joined is None else None
        joined = joined or (wide if isinstance(wide, Found) else None)
        if joined is None and bound is None:
            refuse_other_joins(subject)
        if joined is None or isinstance(error, OpenError):
            # with few channels it may fail for want of them, and with more elsewhere: that is what a model shows
            if isinstance(wide, UsageError) and _line_in(wide) != _line_in(error):
                raise wide from error
            raise
        return joined if bound is None else replace(joined, given=bound)
    if one and bound is None and subject.missing(one.given):  # a kernel of a layer inside, which a row has not
        whole = with_usual_numbers(subject, usage, one.given, lambda tried: _holds(subject, usage, tried))
        return replace(one, given=whole)
    if one:
        return one if bound is None else replace(one, given=bound)
    if subject.missing(given) and bound is None:
        joined = find_join(subject, spread=False) or find_head(subject)
        if joined:
            return joined
        refuse_unknown_network(subject)
        refuse_other_joins(subject)
        refuse_open_join(subject)
    if bound is None:
        refuse_unknown_network(subject)
        _ask_as_kind(subject, usage, given)
    kind, why = _by_names(subject, usage, given)
    kept = _offered(given, kind) if bound is None else bound
    return Found(kind, why, kept)


def _offered(given: Sequence[Given], kind: str) -> tuple[Given, ...]:
    """Return the arguments that a kind can be given."""
    return tuple(one for one in given if names_in(one.value) <= {*KINDS[kind].values})


def _by_trial(subject: Subject, given: tuple[Given, ...]) -> tuple[Given, ...]:
    """Return the arguments as the class works with them, where only a trial shows that."""
    return with_scaled_width(subject, with_only_width(subject, leave_to_defaults(subject, given)))


def _holds(subject: Subject, usage: Usage, given: tuple[Given, ...]) -> bool:
    """Tell whether a class with these arguments has a place in models, and keeps what it promises there."""
    try:
        found = recognise(subject, usage, given, lambda: _convolution(subject.paste, subject.symbol))
    except UsageError:
        return False
    return found is not None and check(subject, found.kind, found.given).state == HOLDS


def _ask_as_kind(subject: Subject, usage: Usage, given: Sequence[Given]) -> None:
    """Ask for the values of arguments that nothing tells, with the names of the kind that the class has with any.

    Raises:
        OpenError: it has a kind with a guess in their places.
        UsageError: it reads something else than maps, whatever they are.
    """
    missing = subject.missing(given)
    if missing:
        refuse_fixed_size(subject, given, missing)
    for guess in _GUESSES if missing else ():
        tried = (*given, *(Given(name, guess, "") for name in missing))
        try:
            found = recognise(subject, usage, tried, lambda: _convolution(subject.paste, subject.symbol))
        except OpenError:
            continue
        except UsageError as error:
            trial = subject.follow(tried, values(WIDTHS[0], WIDTHS[0]), [one_map()])
            verdict = Verdict(BROKEN, trial.why, trial.line)
            if trial.state == FAILED and trial.built and layout_refused(subject, verdict):
                raise error from None
            continue
        if found:
            told = tuple(one for one in found.given if one.argument not in missing)
            raise _unmapped(subject, usage, f"the value of {', '.join(missing)} is unknown", found.kind, told)


def _line_in(error: UsageError) -> str:
    return next((line for line in error.details if ", line " in line), "")


def _as_wide(subject: Subject, usage: Usage, given: Sequence[Given], error: UsageError) -> Found | UsageError | None:
    """Return the kind of a class that works only with many channels, or why it fails then; None where it is open."""
    try:
        found = recognise(
            replace(subject, widths=WIDE), usage, given, lambda: _convolution(subject.paste, subject.symbol)
        )
    except OpenError:
        return None
    except UsageError as wide:
        return wide
    doubt = f"it needs more channels than {WIDTHS[0]}: {error.what}"
    return replace(found, doubt=doubt, limited=True) if found else None


def _is_spread(subject: Subject) -> bool:
    taken = inputs(subject.paste, subject.symbol)
    return takes_any_number(subject.paste, subject.symbol) or (taken is not None and len(taken) > 1)


def _spread_join(subject: Subject, taken: tuple[str, ...], bound: tuple[Given, ...] | None) -> Found:
    """Return a class whose forward takes its maps one by one."""
    if _is_spread(subject):
        return spread_join(subject, bound)
    raise UsageError(
        f"{subject.symbol} cannot be a layer of a model: its forward takes {', '.join(taken) or 'nothing'}",
        details=["expected: one tensor, or several maps that it joins"],
        hint="name a module that takes one tensor, for example one that this module uses",
    )


def _checked(subject: Subject, found: Found, stride: int, asked: bool) -> Found:
    """Refuse a class that certainly does not keep what its kind promises; note one that cannot be followed.

    Raises:
        UsageError: with the line, the map, and what was expected and found.
    """
    if found.kind not in ONE_MAP:
        return found
    verdict = check(subject, found.kind, found.given, stride)
    if verdict.state == HOLDS or found.doubt:
        return _in_blocks(subject, found, stride, asked)
    if verdict.state == OPEN:
        return replace(found, doubt=not_followed(subject, verdict.why, verdict.line))
    unstrided = without_stride(subject, found)
    if unstrided and check(subject, found.kind, unstrided.given, 1).state == HOLDS:
        return _in_blocks(subject, unstrided, 1, asked)
    if check(replace(subject, widths=WIDE), found.kind, found.given, stride).state == HOLDS:
        return replace(found, doubt=f"it needs more channels than {WIDTHS[0]}: {verdict.why}", limited=True)
    doubt = _in_some_rows(subject, found, stride, verdict)
    if doubt and asked:
        return replace(found, doubt=doubt, limited=True)
    hint = f"{subject.remedy}; or keep it for the rows in which it works: --like {KINDS[found.kind].word}"
    raise refused(subject, verdict, hint if doubt else "", place_of(found.kind))


def _in_some_rows(subject: Subject, found: Found, stride: int, verdict: Verdict) -> str:
    """Return in which rows alone a class works; "" where it does in none, or the channels of its rows are the same."""
    if found.kind not in (*CONV_LIKE, BLOCK):
        return ""
    if check(subject, found.kind, found.given, stride, widening=1).state == HOLDS:
        return f"it works only in rows with as many channels out as in: {verdict.why}"
    if found.kind != BLOCK and check(subject, found.kind, found.given, stride, widening=2).state == HOLDS:
        return f"it works only in rows with twice as many channels out as in: {verdict.why}"
    return ""


def _in_blocks(subject: Subject, found: Found, stride: int, asked: bool) -> Found:
    """Refuse a convolution that has its place in blocks, and does not work in them; keep one that the user asks for.

    Raises:
        UsageError: with the line, and what to write there.
    """
    strides = by.STRIDE in {name for one in found.given for name in names_in(one.value)}
    if found.kind not in (CONVOLUTION, LAYER) or strides or stride != 1:
        return found
    verdict = in_block(subject, found.kind, found.given)
    if verdict.state != BROKEN:
        return found
    if asked:
        doubt = f"in the blocks C2f and C3k2 it fails, so it is for other rows: {verdict.why}"
        return replace(found, doubt=found.doubt or doubt, limited=True)
    like = f"--like {KINDS[found.kind].word}"
    hint = (
        f"write .reshape for .view in that line, and add the file again; or keep it for rows that are no blocks: {like}"
    )
    raise refused(subject, verdict, hint, place_of(found.kind))


def _doubt(paste: Pasted, symbol: str, kind: str) -> str:
    """Return why the forward of a convolution contradicts the kind that the user named; "" if it does not."""
    end = end_of(paste, symbol)
    if kind == LAYER and end.how is How.BARE:
        return f"it ends in {end.by} without a norm: --like Conv2d would add BatchNorm and activation after it"
    if kind == CONVOLUTION and end.how is How.NORMED:
        return f"{end.by} already normalises its output, and --like Conv2d adds a second BatchNorm"
    return ""


def _asked(like: str | None) -> str:
    """Return the value of `--like` as it is written in `LIKE`; "" where it is not given."""
    if like is None:
        return ""
    found = next((name for name in LIKE if fold(name) == fold(like)), None)
    if found is None:
        raise UsageError(
            f"--like {like}: unknown value",
            details=[f"known: {', '.join(LIKE)}"],
            hint="name the kind: --like Conv2d (a bare convolution), --like Conv (one with its own BatchNorm), --like"
            " attention (it keeps the channels), --like C3k2 (a block with repeats), --like Concat (it joins maps)",
        )
    return found


def _require_outputs(outputs: str, kind: str) -> None:
    """Refuse output channels that are no expression of the kind's values, or a kind whose rows have them."""
    if kind not in (JOIN, UP, HEAD):
        raise UsageError(
            f"--outputs {outputs}: a module in the place of {KINDS[kind].word} has its channels from the row",
            hint="the row has them: leave the option out",
        )
    usual = "sum(inputs)" if by.INPUT_LIST in KINDS[kind].values else by.INPUTS
    try:
        value = parse_expression(outputs)
    except SyntaxError as error:
        raise UsageError(f"--outputs {outputs}: it is not an expression", hint=f'e.g. --outputs "{usual}"') from error
    foreign = sorted(names_in(outputs) - {*KINDS[kind].values})
    if foreign or not is_plain(value):
        raise UsageError(
            f"--outputs {outputs}: it is more than numbers and {', '.join(KINDS[kind].values)}",
            hint=f'e.g. --outputs "{usual}"',
        )


def _require_one_input(subject: Subject) -> None:
    taken = inputs(subject.paste, subject.symbol)
    if taken is not None and len(taken) != 1:
        raise UsageError(
            f"{subject.symbol} cannot be a layer of a model: its forward takes {', '.join(taken) or 'nothing'}",
            details=["expected: one tensor"],
            hint="if it joins maps: --like Concat; else name a module that takes one tensor",
        )


def _by_names(subject: Subject, usage: Usage, given: Sequence[Given]) -> tuple[str, str]:
    """Return the kind that follows from names and from the text of the forward, where the code cannot be followed."""
    paste, symbol, constructor = subject.paste, subject.symbol, subject.constructor
    known = {name for one in given for name in names_in(one.value)}
    kept = kept_input(paste, symbol)
    if by.INPUTS not in known:
        if subject.missing(given):
            raise _unmapped(subject, usage, "the name of no argument means a number of channels", given=given)
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
        "name its kind: --like attention (it keeps the channels), --like Conv (it replaces a convolution), --like"
        " downsample (it halves the map) or --like C3k2 (it replaces a block)",
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


def _require_offered(args: str, subject: Subject, kind: str, known: set[str]) -> None:
    foreign = sorted(known - {*KINDS[kind].values})
    if foreign:
        raise UsageError(
            f"--args {args}: with --like {KINDS[kind].word}, {subject.symbol} cannot use {', '.join(foreign)}",
            details=[f"expected: {', '.join(KINDS[kind].values) or 'numbers, texts, True, False'}"],
            hint=f'e.g. --args "{subject.example(KINDS[kind].values)}"',
        )


def _require_all(subject: Subject, usage: Usage, kind: str, given: Sequence[Given]) -> None:
    missing = subject.missing(given)
    if missing:
        raise _unmapped(subject, usage, f"the value of {', '.join(missing)} is unknown", kind, given)


def _unmapped(
    subject: Subject, usage: Usage, found: str, kind: str = CONVOLUTION, given: Sequence[Given] = ()
) -> UsageError:
    constructor = subject.constructor
    values = {one.argument: one.value for one in given}
    against = [f"{name}: {why}" for name, why in usage.against.items() if name not in values]
    usual = {one.name: usual_numbers(one)[:1] for one in constructor.required if one.name not in values}
    told = {**values, **{name: numbers[0] for name, numbers in usual.items() if numbers}}
    hint = f'give its arguments: --args "{example(constructor, told)}"'
    layers = wanted_layers(subject, usage.trial, given)
    told = with_layers(subject, given, layers) if layers else {}
    if told:
        hint = f'give its arguments, with a layer for {layers[0].name}: --args "{example(constructor, told)}"'
    return OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"cannot call the constructor of {subject.symbol}: {found}",
        details=[
            f"found: {subject.paste.place(constructor.line)}: {subject.symbol}{constructor.written}",
            *against,
            f"names that --args can use with --like {KINDS[kind].word}: {', '.join(KINDS[kind].values)}",
        ],
        hint=hint,
    )
