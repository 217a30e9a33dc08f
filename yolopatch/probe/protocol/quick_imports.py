"""Import much at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """Look for no garbage in the meantime: among all that upstream imports, it takes a sixth of the time, for none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
