"""What the unchanged upstream says of the base, from a process of its own; more than one check compares with it."""

from __future__ import annotations

from typing import Any

import torch

from ...wire.verification import NoPristine
from ..build.reference_process import ReferenceProcess
from ..build.subject import Subject
from ..measure.reference import reference_data
from ..protocol.findings import Finding, skipped
from .wording import NO_BASE, NO_BASE_HINT


def begin(subject: Subject, process: ReferenceProcess) -> None:
    """Ask for the base in the unchanged upstream, while other checks run; the subject keeps the process.

    Until a check has the answer, one thread less computes here: threads that take turns on a core wait for each other.
    A file that cannot be read raises nothing here: the check `build` reports it.
    """
    subject.reference, subject.reference_error = None, NO_BASE
    try:
        if subject.found_base is not None:
            process.ask(reference_data(subject))
            subject.reference = process
            torch.set_num_threads(max(1, subject.threads - 1))
    except Exception as error:  # any exception of the search for the base of a broken file
        subject.reference_error = f"the file cannot be read as a model (see build): {type(error).__name__}"


def in_unchanged_upstream(subject: Subject) -> dict[str, Any] | Finding:
    """Return what the unchanged upstream says of the base, see `reference.make_reference`, or why it says nothing."""
    process = subject.reference
    if not subject.request.pristine:
        missing = subject.request.no_pristine or NoPristine("none was given", "verify a workspace that yolopatch made")
        return skipped(f"there is no unchanged upstream to compare with: {missing.why}", missing.hint)
    if subject.found_base is None or process is None:
        return skipped(subject.reference_error, NO_BASE_HINT)
    try:
        process.wait()
    except RuntimeError as error:
        return skipped(f"the unchanged upstream did not build the base: {error}", "try again on a less busy machine")
    finally:
        torch.set_num_threads(subject.threads)
    said: dict[str, Any] = torch.load(process.out, weights_only=True)
    return said
