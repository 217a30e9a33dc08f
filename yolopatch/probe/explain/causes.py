"""The known causes of exceptions that a model's code raises, each with its remedy: one table for every task.

An exception that is not in the table is told as it is, with its module and its line. A guess at a remedy would send
the user to the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable

from torch.nn import Module

from .cause import Cause
from .raising import Raised, first_line, raised
from .rules.calls import (
    compiled,
    last_axis,
    lazy,
    missing_import,
    no_forward,
    no_super,
    not_a_tensor,
    other_axes,
    other_inputs,
    second_backward,
    taken_name,
    unknown_name,
    unregistered_operator,
)
from .rules.fusing import deleted_by_fuse, not_folded
from .rules.heads import head_lacks, other_strides
from .rules.sizes_and_types import gpu_only, memory, no_kernel, not_divisible, one_value, two_types
from .rules.storing import computed_attribute, not_pickled, not_stored, of_main
from .rules.surroundings import no_file, no_network, other_method


def cause_of(model: Module | None, error: BaseException, original: Module | None = None) -> Cause:
    """Return the cause of an exception.

    Args:
        model: the model whose code raised it; None where it was not built.
        error: the exception, with its traceback.
        original: where `model` is fused, the same model before that.
    """
    found = raised(model, error)
    return _known(found, model, original) or _unknown(found)


def known_cause(model: Module | None, error: BaseException, original: Module | None = None) -> Cause | None:
    """Return the cause of an exception where the table has it; see `cause_of`."""
    return _known(raised(model, error), model, original)


def _known(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    return next(filter(None, (rule(found, model, original) for rule in _TABLE)), None)


def _unknown(found: Raised) -> Cause:
    who = found.name or (type(found.module).__name__ if found.module else "it")
    what = f"{who} raises {type(found.error).__name__}: {first_line(found.error)[:200]}"
    return Cause(what, f"look at {found.line}" if found.line else "see the traceback: no line of it is yours")


_TABLE: tuple[Callable[[Raised, Module | None, Module | None], Cause | None], ...] = (
    not_a_tensor,
    deleted_by_fuse,
    not_folded,
    gpu_only,
    no_kernel,
    two_types,
    of_main,
    not_pickled,
    not_stored,
    memory,
    computed_attribute,
    one_value,
    compiled,
    taken_name,
    no_super,
    second_backward,
    no_forward,
    lazy,
    not_divisible,
    other_inputs,
    unknown_name,
    unregistered_operator,
    missing_import,
    head_lacks,
    other_strides,
    last_axis,
    other_axes,
    no_network,
    no_file,
    other_method,
)
