"""A class that takes one map: which kind it is, by the size and the channels of the map that it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONV_LIKE, DOWN, KINDS, POOL, PSA, UP
from yolopatch.core.paste.calls import Given, example, names_in
from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.trial import FAILED, OK, UNKNOWN, Trial
from yolopatch.core.paste.judging.contract import BROKEN, HOLDS, Case, Verdict, check, judge
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.own_numbers import other_number, refuse_fixed_size
from yolopatch.core.paste.judging.refusals import layout_refused, refused
from yolopatch.core.paste.judging.subject import SIZE, Subject, one_map, values
from yolopatch.core.paste.judging.using import Usage
from yolopatch.core.paste.judging.wanted_layers import wanted_layers, with_layers
from yolopatch.errors import OpenError
from yolopatch.wire import arguments as by

# kinds that take one map and give one
ONE_MAP = (*CONV_LIKE, BLOCK, ATTENTION, UP, POOL, PSA)
_TOKENS = 24 * 24  # of a square map: some compute its side
_KERNEL_USES = frozenset({uses.KERNEL, uses.SIZE, uses.OTHER})


@dataclass(frozen=True)
class _Seen:
    """What became of a map of some channels: asked for more output channels, and for as many."""

    wider: Trial
    equal: Trial
    channels: int

    @property
    def factor(self) -> float:
        """How much larger the output is; 0 where it is not the same in height and width."""
        shape = self.wider.shape if self.wider.state == OK else self.equal.shape
        if shape is None or len(shape) != 4:
            return 0
        factors = {new / old for new, old in zip(shape[2:], SIZE)}
        return factors.pop() if len(factors) == 1 else 0

    @property
    def keeps_channels(self) -> bool:
        """Whether it gives as many channels as it gets, whatever it is asked for."""
        wide, same = self.wider.shape, self.equal.shape
        only_equal = self.wider.state == FAILED or (wide is not None and wide[1] == self.channels)
        return self.equal.state == OK and same is not None and same[1] == self.channels and only_equal


def recognise(
    subject: Subject, usage: Usage, given: Sequence[Given], convolution: Callable[[], tuple[str, str]]
) -> Found | None:
    """Return the kind of a class that takes one map; None where it cannot be followed, or its names say too little.

    Args:
        subject: the class.
        usage: what its constructor's arguments are used for.
        given: their values.
        convolution: returns the kind of a convolution, and the reason.

    Raises:
        UsageError: it certainly raises, or gives no map that a model can use.
    """
    pool, given = _pool(subject, usage, given)
    if pool:
        return pool
    if subject.missing(given):
        return None
    narrow, wide = subject.widths
    wider, equal = (subject.follow(given, values(narrow, c2), [one_map(narrow)]) for c2 in (wide, narrow))
    seen = _Seen(wider, equal, narrow)
    if seen.wider.state == FAILED and seen.equal.state == UNKNOWN:
        return _only_equal(subject, given, seen)
    if UNKNOWN in (seen.wider.state, seen.equal.state):
        return None
    if seen.wider.state == seen.equal.state == FAILED:
        raise _failure(subject, given, seen.equal)
    _require_map(subject, seen)
    return _by_size(subject, given, seen, convolution)


def as_of_kind(subject: Subject, usage: Usage, kind: str, given: Sequence[Given]) -> Sequence[Given]:
    """Return the arguments that a kind may be given: the kernel of a pool is no convolution's."""
    return given if kind == POOL else _without_pool(subject, usage, given)


def without_stride(subject: Subject, found: Found) -> Found | None:
    """Return a convolution as one that only keeps its map's size; None where it is none with a stride."""
    stride = next((one for one in found.given if one.value == by.STRIDE), None)
    if stride is None or found.kind not in CONV_LIKE:
        return None
    required = any(one.name == stride.argument for one in subject.constructor.required)
    fixed = (replace(stride, value="1", why="it works only with stride 1"),) if required else ()
    return replace(found, given=(*(one for one in found.given if one is not stride), *fixed))


def _kernel(given: Sequence[Given]) -> Given | None:
    return next((one for one in given if one.value == by.KERNEL), None)


def _pools(usage: Usage, kernel: Given | None) -> bool:
    """Tell whether a kernel is only that of a pool."""
    roles = usage.trial.uses.roles(kernel.argument) if kernel else frozenset()
    return uses.POOL in roles and not roles & _KERNEL_USES


def _without_pool(subject: Subject, usage: Usage, given: Sequence[Given]) -> tuple[Given, ...]:
    kernel = _kernel(given)
    return tuple(one for one in given if one is not kernel) if _pools(usage, kernel) else tuple(given)


def _pool(subject: Subject, usage: Usage, given: Sequence[Given]) -> tuple[Found | None, tuple[Given, ...]]:
    """Return a class whose kernel is that of a pool, as upstream's SPPF; and the arguments without such a kernel."""
    kernel = _kernel(given)
    if kernel is None or not _pools(usage, kernel):
        return None, tuple(given)
    place = replace(kernel, why=f"by its use: {uses.POOL}")
    mine = tuple(place if one is kernel else one for one in given if one.value in KINDS[POOL].values)
    names = {name for one in mine for name in names_in(one.value)}
    if by.OUTPUTS in names and not subject.missing(mine) and check(subject, POOL, mine).state == HOLDS:
        return Found(POOL, "its kernel is that of a pool that keeps the size of the map", mine), tuple(given)
    return None, _without_pool(subject, usage, given)


def _failure(subject: Subject, given: Sequence[Given], trial: Trial) -> Exception:
    """Return the error for a class whose code raises for every map of a model."""
    channels = subject.widths[0]
    verdict = Verdict(BROKEN, trial.why, trial.line, case=Case(values(channels, channels), (one_map(channels),)))
    why, hint = _other_layout(subject, given, trial)
    if why:
        return refused(subject, replace(verdict, why=why), hint=hint)
    layout = layout_refused(subject, verdict)
    if layout:
        return layout
    other = other_number(subject, given)
    if other is None:
        refuse_fixed_size(subject, given)
    return refused(
        subject,
        verdict,
        _layer_wanted(subject, given, trial) if other is None else _number_wanted(subject, given, other),
    )


def _number_wanted(subject: Subject, given: Sequence[Given], other: Given) -> str:
    """Return what to do about a number of the class's own that does not fit the maps of models."""
    told = {one.argument: one.value for one in (*given, other)}
    return (
        f"with {other.argument}={other.value} it works, and not with its own default: --args"
        f' "{example(subject.constructor, told)}"'
    )


def _layer_wanted(subject: Subject, given: Sequence[Given], trial: Trial) -> str:
    """Return what to do about an argument that the class calls, and that is no layer: `act`; "" for another fault."""
    layers = wanted_layers(subject, trial, given)
    told = with_layers(subject, given, layers) if layers else {}
    if not told:
        return ""
    return f'give its arguments, with a layer for {layers[0].name}: --args "{example(subject.constructor, told)}"'


def _other_layout(subject: Subject, given: Sequence[Given], trial: Trial) -> tuple[str, str]:
    """Return as what a class reads its map, and what to do about it; nothing where it fails with the others, too.

    A class that cannot be followed to its end is one of another layout where it comes past the line that fails.
    """
    batch, channels, height, width = one_map(subject.widths[0])
    last, tokens = (batch, height, width, channels), (batch, _TOKENS, channels)
    by_last, by_tokens = (subject.follow(given, values(channels, channels), [one]) for one in (last, tokens))
    as_last, as_tokens = (_reads(one, shape, trial) for one, shape in ((by_last, last), (by_tokens, tokens)))
    if as_last and as_tokens:  # only what a post gives it tells: attention over tokens is another one than over rows
        why = "it reads the channels in the last dimension, and a model's layers give B, C, H, W"
        return why, (
            "turn the map in a class around it, and back: as its post does, into tokens, x.flatten(2).transpose(1, 2),"
            " or into B, H, W, C, x.permute(0, 2, 3, 1)"
        )
    if as_last and (by_last.shape == last or by_tokens.state == FAILED):
        why = "it reads B, H, W, C, and a model's layers give B, C, H, W"
        return why, "turn the map in its forward: x.permute(0, 2, 3, 1) and back"
    if as_tokens and (by_tokens.shape == tokens or by_last.state == FAILED):
        why = "it reads tokens, B, N, C, and a model's layers give maps, B, C, H, W"
        return why, "turn the map into tokens in a class around it, x.flatten(2).transpose(1, 2), and back"
    if by_tokens.state == OK:  # it reads tokens, and gives none: to turn the map is not enough
        return trial.why, ""
    return "", ""


def _reads(turned: Trial, shape: tuple[int, ...], trial: Trial) -> bool:
    """Tell whether a class gives a turned map back; or cannot be followed, past the line that fails with a map."""
    goes_on = turned.state == UNKNOWN and (turned.result is not None or turned.line != trial.line)
    return turned.shape == shape or goes_on


def _require_map(subject: Subject, seen: _Seen) -> None:
    """Refuse what is no map of the input's batch."""
    trial = seen.wider if seen.wider.state == OK else seen.equal
    case = _case(subject)
    verdict = judge(case, trial)
    if verdict.state == BROKEN and (verdict.expected == "one map" or trial.findings):
        raise refused(subject, verdict)


def _by_size(
    subject: Subject, given: tuple[Given, ...], seen: _Seen, convolution: Callable[[], tuple[str, str]]
) -> Found | None:
    names = {name for one in given for name in names_in(one.value)}
    if seen.factor == 2:
        return _up(subject, given)
    if seen.factor == 0.5:
        return _down(subject, given, names)
    if seen.factor != 1:
        _ask_for_used(subject, given)
        size = (seen.wider.shape or seen.equal.shape or ())[2:]
        what = f"its map has another size: {'×'.join(map(str, size))} of {SIZE[0]}×{SIZE[1]}"
        raise refused(subject, Verdict(BROKEN, what, case=_case(subject)))
    if by.OUTPUTS not in names or seen.keeps_channels:
        return _keeping(subject, given, names, seen)
    if by.REPEATS in names:
        return _found(BLOCK, "it has channels in and out, and a number of repeats", given)
    if by.STRIDE in names or by.KERNEL in names:
        kind, why = convolution()
        return _found(kind, why, given)
    raise _open(subject)


def _ask_for_used(subject: Subject, given: Sequence[Given]) -> None:
    """Ask for a kernel and a stride that only their use shows, where the class does not keep its map's size with them.

    Raises:
        OpenError: it has such: patches are cut with a kernel and a stride of one size.
    """
    told = [one for one in given if one.value in (by.KERNEL, by.STRIDE) and one.why.startswith("by its use")]
    if not told:
        return
    names = ", ".join(one.argument for one in told)
    known = {one.argument: "..." if one in told else one.value for one in given}
    raise OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"the value of {names} is unknown: with a kernel of 3 and a stride of 1, as rows have them, the map gets"
        " another size",
        details=[f"found: {subject.quoted(subject.constructor.line)}"],
        hint=f'give its arguments: --args "{example(subject.constructor, known)}"',
    )


def _open(subject: Subject) -> OpenError:
    """Return the error for a class that gives the channels that it is asked for: several kinds do."""
    may_be = {
        "Conv": "it replaces a convolution that keeps the size of the map",
        "C3k2": "it replaces a block",
        "SPPF": "it replaces the SPPF",
    }
    return OpenError(
        "like",
        "like what",
        may_be,
        f"the kind of {subject.symbol} in {subject.paste.name} is not clear: it gives as many channels as it is told",
        details=[
            f"found: line {subject.constructor.line}, {subject.symbol}{subject.constructor.written}: channels in and"
            " out, but no kernel, stride or repeats"
        ],
        hint="name its kind: --like C3k2 (it replaces a block), --like Conv (a convolution) or --like SPPF",
    )


def _keeping(subject: Subject, given: tuple[Given, ...], names: set[str], seen: _Seen) -> Found:
    """Return a class that keeps size and channels, or that does so if it is not asked for others."""
    if not seen.keeps_channels:
        shape = seen.equal.shape or ()
        what = f"its map has {shape[1]} channels of {seen.channels}, and no argument says how many"
        raise refused(subject, Verdict(BROKEN, what, case=_case(subject)))
    if by.OUTPUTS in names and seen.wider.state == FAILED:
        return _equal_channels(given, names, seen)
    return _found(ATTENTION, "its output has the shape of its input, so it goes after a layer", given)


def _only_equal(subject: Subject, given: tuple[Given, ...], seen: _Seen) -> Found | None:
    """Return a class that raises if it is asked for more channels than it gets, and cannot be followed else."""
    names = {name for one in given for name in names_in(one.value)}
    return _equal_channels(given, names, seen) if by.OUTPUTS in names else None


def _equal_channels(given: tuple[Given, ...], names: set[str], seen: _Seen) -> Found:
    """Return a class that raises if it is asked for more channels than it gets."""
    why = f"it needs as many channels out as in (line {seen.wider.line})"
    if by.REPEATS in names:
        return _found(PSA, f"{why}, and has repeats", given)
    return _found(ATTENTION, f"{why}, so it goes after a layer", given)


def _up(subject: Subject, given: tuple[Given, ...]) -> Found:
    mine = _found(UP, "it doubles the size of its map, whatever it is given", given)
    return replace(mine, outputs=widened(subject, mine.given))


def widened(subject: Subject, given: Sequence[Given]) -> str:
    """Return the output channels of an up-sampler, as an expression.

    Raises:
        UsageError: they follow neither from the channels of its input nor from a number.
    """
    seen = {}
    for c in subject.widths:
        shape = subject.follow(given, values(c, c), [one_map(c)]).shape
        seen[c] = shape[1] if shape else 0
    first, second = seen.items()
    if first[1] == second[1]:
        return str(first[1])
    ratio = {out / c for c, out in seen.items()}
    if len(ratio) == 1 and min(ratio) > 0:
        times = ratio.pop()
        if times == 1:
            return by.INPUTS
        return f"{by.INPUTS} * {times:.0f}" if times > 1 and times % 1 == 0 else f"{by.INPUTS} // {1 / times:.0f}"
    what = f"its map has {first[1]} channels of {first[0]}, and {second[1]} of {second[0]}"
    raise refused(subject, Verdict(BROKEN, what, case=_case(subject)))


def _down(subject: Subject, given: tuple[Given, ...], names: set[str]) -> Found:
    mine = _found(DOWN, "it halves the size of its map, whatever stride it is given", given)
    target = subject.constructor.meaning(by.OUTPUTS)
    if by.OUTPUTS not in names and target:  # `out_dim=None`, with which it counts its channels itself
        told = replace(mine, given=(*mine.given, Given(target.name, by.OUTPUTS, "by its name")))
        if check(subject, DOWN, told.given).state == HOLDS:
            return told
    if by.OUTPUTS not in names:
        what = "it halves the map, and no argument says how many channels come out, which a row of a model does"
        keep = "let the channels out be an argument of the constructor, and add the file again"
        if any(check(subject, DOWN, mine.given, widening=times).state == HOLDS for times in (1, 2)):
            keep = f"keep it for the rows that fit: --like {KINDS[DOWN].word}; or let the channels out be an argument"
        raise refused(subject, Verdict(BROKEN, what, case=_case(subject)), keep)
    return mine


def _case(subject: Subject) -> Case:
    return Case(values(*subject.widths), (one_map(subject.widths[0]),))


def _found(kind: str, why: str, given: tuple[Given, ...]) -> Found:
    """Return a kind with the arguments that it can be given."""
    return Found(kind, why, tuple(one for one in given if names_in(one.value) <= {*KINDS[kind].values}))
