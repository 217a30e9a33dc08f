"""The errors for classes that a model cannot have: what, where, with which map, and what to do."""

from __future__ import annotations

from dataclasses import replace

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONVOLUTION, KINDS, LAYER
from yolopatch.core.paste.forward import reads_channels_last, unpacked_sizes
from yolopatch.core.paste.judging.contract import Case, Verdict
from yolopatch.core.paste.judging.subject import Subject
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by


def refused(subject: Subject, verdict: Verdict, hint: str = "", what: str = "a layer of a model") -> UsageError:
    """Return the error for a class that certainly does not work in a model."""
    details = [f"expected: {verdict.expected}", f"found:    {verdict.found}"] if verdict.expected else []
    if verdict.line:
        details.append(f"found: {subject.quoted(verdict.line)}")
    if verdict.case:
        details.append(_described(verdict.case))
    return UsageError(
        f"{subject.symbol} cannot be {what}: {verdict.why}",
        details=details,
        hint=(hint or subject.remedy) + subject.another,
    )


def _described(case: Case) -> str:
    """Return what a case is: `with:  64 channels in and 128 out, a map of 24×40, stride 2, in training`."""
    _, channels, height, width = case.inputs[0]
    parts = [f"with:  {channels} channels in and {case.values[by.OUTPUTS]} out", f"a map of {height}×{width}"]
    if case.values[by.STRIDE] != 1:
        parts.append(f"stride {case.values[by.STRIDE]}")
    return ", ".join([*parts, *([case.where] if case.where else [])])


def layout_refused(subject: Subject, verdict: Verdict) -> UsageError | None:
    """Return the error for a class that reads its map as something else; None where nothing says so.

    Args:
        subject: the class.
        verdict: of a map of a model, with which its code raises.
    """
    why = reads_three_sizes(subject, verdict.line)
    if why:
        hint = "turn the map into tokens in a class around it, x.flatten(2).transpose(1, 2), and back"
        return refused(subject, replace(verdict, why=why), hint)
    if reads_channels_last(subject.paste, subject.symbol):
        why = "it reads B, H, W, C, and a model's layers give B, C, H, W"
        return refused(
            subject, replace(verdict, why=why), "turn the map in its forward: x.permute(0, 2, 3, 1) and back"
        )
    return None


def reads_three_sizes(subject: Subject, line: int) -> str:
    """Return why a class cannot work with a map whose sizes this line reads as those of tokens; "" for another line."""
    names = unpacked_sizes(subject.paste, line)
    if len(names) != 3:
        return ""
    return f"it reads three sizes, {', '.join(names)}, and a model's layers give maps, B, C, H, W"


def place_of(kind: str) -> str:
    """Return what a class would be as a kind, for a message."""
    like = f"--like {KINDS[kind].word}"
    if kind == CONVOLUTION:
        return f"a convolution ({like})"
    if kind == LAYER:
        return f"a convolution with its own norm ({like})"
    if kind == ATTENTION:
        return f"a layer after another one ({like})"
    if kind == BLOCK:
        return f"a block ({like})"
    return f"a module of the kind {kind}"


def not_followed(subject: Subject, why: str, line: int) -> str:
    """Return the note for a class whose code cannot be followed."""
    where = f" in line {line}" if line else ""
    return f"{subject.symbol} cannot be followed{where}: {why}; what it makes of a map is known when a model is built"
