"""torch's short way through its attention modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Let torch's attention modules compute step by step, with the operators that they are made of.

    The short way is one operator, for which no counter has a formula. In autocast torch leaves it by itself on a GPU;
    on a CPU it forgets to, and mixes types. A release without this switch stays as it is.
    """
    settings: Any = getattr(torch.backends, "mha", None)
    if not hasattr(settings, "set_fastpath_enabled"):
        yield
        return
    before = settings.get_fastpath_enabled()
    settings.set_fastpath_enabled(False)
    try:
        yield
    finally:
        settings.set_fastpath_enabled(before)
