"""Text as git takes it: its lines, its id."""

from __future__ import annotations

import hashlib
import io


def split_lines(text: str) -> list[str]:
    """Split at newlines only, keeping them: `str.splitlines` also splits at form feeds and the like."""
    return list(io.StringIO(text))


def sha256(data: bytes) -> str:
    """Return the digest by which a content is known again."""
    return hashlib.sha256(data).hexdigest()


def blob_id(data: bytes) -> str:
    """Return the id that git gives this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
