"""What several checks say where a replaced layer normalises over one value."""

from __future__ import annotations

from ..build.subject import Subject
from ..explain.cause import Cause
from ..explain.one_value import normalises_one_value
from ..tensors.calls import BATCH, Call, layer_calls
from ..tensors.tensors import layer_name


def one_value_in(subject: Subject, index: int, call: Call) -> Cause | None:
    """Return where a replaced layer normalises over one value, and what to do; None where it does not.

    Args:
        subject: the model.
        index: of the layer.
        call: the call that the calibrated model makes of it.
    """
    found = normalises_one_value(subject.calibrated.model[index], call)
    if not found:
        return None
    return Cause(
        f"{layer_name(subject.model, index)}, {found}: it gives a constant, or a sign, whatever comes in",
        "take it over an axis with several values, or use a sigmoid",
    )


def one_value_hint(subject: Subject, index: int) -> str:
    """Return the same as a hint; "" for None, and for a layer that is not replaced."""
    if index not in subject.replaced:
        return ""
    call = layer_calls(subject.calibrated, subject.images(batch=BATCH), [index]).get(index)
    cause = one_value_in(subject, index, call) if call else None
    return f"{cause.what}; {cause.remedy}" if cause else ""
