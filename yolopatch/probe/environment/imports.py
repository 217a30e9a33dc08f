"""Find what scripts would import: each with its own folder first on the path, as Python starts it."""

from __future__ import annotations

import os
import sys
from importlib import invalidate_caches

from ...wire.python.interpreters import ImportsAnswer, ImportsRequest
from ..protocol.emit import Emit
from .interpreter import origin_of


def find(request: ImportsRequest, emit: Emit) -> None:
    """Answer for each script; this process has the path that the environment and the user's variables give a script."""
    usual = list(sys.path)
    last = [request.appended] if request.appended else []
    files = []
    for folder in request.folders:
        # since 3.11, PYTHONSAFEPATH keeps the script's folder off the path
        first = [folder] if folder and not getattr(sys.flags, "safe_path", False) else []
        sys.path[:] = [*first, *usual, *last]
        invalidate_caches()
        found = origin_of(request.module)
        files.append(found if os.path.isfile(found) else "")  # an empty folder that pip left behind is no copy
    sys.path[:] = usual
    emit(ImportsAnswer(tuple(files)))
