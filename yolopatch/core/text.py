"""Text as git sees it: its lines, and the ids of blobs, trees and commits. How it is encoded, and how it is shown."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence


def split_lines(text: str) -> list[str]:
    """Split at newlines only, and keep them; `str.splitlines` splits at form feeds and others, too."""
    return list(io.StringIO(text))


def is_utf16(data: bytes) -> bool:
    """Tell whether a file says that it is UTF-16, as PowerShell writes it."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def hide_passwords(text: str) -> str:
    """Return the text without the user names and passwords in its URLs."""
    return re.sub(r"(?<=://)[^/@\s'\"`]+@", "***@", text)


def cells_of(text: str) -> int:
    """Return how many cells of a terminal a text takes: a Chinese character two, an accent or a colour none."""
    if "\x1b" in text:
        text = re.sub(r"\x1b\[[\d;]*m", "", text)
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text
    )


def shorten(names: Sequence[str], width: int) -> list[str]:
    """Return names of at most this many cells, with their middle left out; the order tells them apart."""
    half = (width - 1) // 2
    return [
        name
        if cells_of(name) <= width
        else f"{_start(name, half)}\N{HORIZONTAL ELLIPSIS}{_start(name[::-1], half)[::-1]}"
        for name in names
    ]


def _start(text: str, width: int) -> str:
    while cells_of(text) > width:
        text = text[:-1]
    return text


def sha256(data: bytes) -> str:
    """Return the SHA-256 digest of a content, as hexadecimal text."""
    import hashlib  # imported late: `--help` needs the cells of a text alone

    return hashlib.sha256(data).hexdigest()


def blob_id(data: bytes) -> str:
    """Return the git id of a file with this content."""
    return _object_id("blob", data)


def tree_id(files: Mapping[str, tuple[str, str]]) -> str:
    """Return the git id of a tree.

    Args:
        files: the mode and the blob id of every file in it, by path.
    """
    folders: dict[str, dict[str, tuple[str, str]]] = {}
    entries: list[tuple[str, str, str]] = []
    for path, (mode, blob) in files.items():
        name, _, below = path.partition("/")
        if below:
            folders.setdefault(name, {})[below] = (mode, blob)
        else:
            entries.append((name, mode, blob))
    entries += [(f"{name}/", "40000", tree_id(inside)) for name, inside in folders.items()]
    # git sorts a folder as if its name ended with a slash
    entries.sort(key=lambda entry: _encoded(entry[0]))
    return _object_id("tree", b"".join(_tree_entry(*entry) for entry in entries))


def commit_id(tree: str, parent: str, who: str, message: str) -> str:
    """Return the git id of a commit; `who` is the name, address and time of its author and committer."""
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n{message}"
    return _object_id("commit", text.encode())


def _tree_entry(name: str, mode: str, identifier: str) -> bytes:
    return f"{mode} ".encode() + _encoded(name.rstrip("/")) + b"\0" + bytes.fromhex(identifier)


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")  # as git's output is read


def _object_id(kind: str, data: bytes) -> str:
    import hashlib  # imported late, as above

    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def duration(seconds: float) -> str:
    """Return a time in words, as exact as somebody who waits wants it: `45 s`, `12 min`, `3 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
