"""Lines as git counts them."""

from __future__ import annotations

import io


def split_lines(text: str) -> list[str]:
    """Split at newlines only, keeping them: `str.splitlines` also splits at form feeds and the like."""
    return list(io.StringIO(text))
