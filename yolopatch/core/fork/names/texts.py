"""The texts of the Python files of a tree, as far as they are texts."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.core.fork.folding import decode, is_python

_MOST = 1024**2  # bytes; the largest Python file of a release has 200 KB, and 1 MB takes seconds to parse


def python_texts(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the text of each Python file by path, with plain line ends; without those that cannot be read."""
    texts = {path: python_text(path, data) for path, data in files.items() if is_python(path)}
    return {path: text for path, text in texts.items() if text is not None}


def python_text(path: str, data: bytes) -> str | None:
    """Return the text of a Python file with plain line ends; None if it is too large or no text."""
    text = decode(path, data) if len(data) <= _MOST else None
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


def unread(data: bytes) -> str:
    """Return why `python_text` returns nothing for this content."""
    if len(data) > _MOST:
        return f"has {len(data):,} bytes; up to {_MOST:,} are read"
    return (
        "has a null byte: it is no text" if b"\0" in data else "is not text in UTF-8 or in the encoding that it names"
    )
