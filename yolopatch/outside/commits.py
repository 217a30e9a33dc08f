"""The commits of a workspace as the stream from which git makes them: same input, same ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.core.text import blob_id
from yolopatch.outside.snapshot import fast_import_data


@dataclass(frozen=True)
class Step:
    """One commit to make: its message and the files that it writes."""

    message: str
    files: Mapping[str, str]


def stream(ref: str, root: str, steps: Sequence[Step]) -> bytes:
    """Return the fast-import stream that puts `steps` on `root` at `ref`."""
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {EPOCH} +0000"
    parts = [f"reset {ref}\nfrom {root}\n\n".encode()]
    for step in steps:
        parts.append(f"commit {ref}\nauthor {who}\ncommitter {who}\n".encode())
        parts.append(fast_import_data(step.message.encode()))
        for path in sorted(step.files):
            parts.append(b"M 100644 inline %s\n" % path.encode() + fast_import_data(encoded(step.files[path])))
    return b"".join(parts)


def written_blobs(steps: Sequence[Step]) -> dict[str, str]:
    """Return the blob id of every file that the steps write, by path, as the last of them leaves it."""
    return {path: blob_id(encoded(text)) for step in steps for path, text in step.files.items()}


def encoded(text: str) -> bytes:
    """Return the bytes of a file's text; what upstream has that is no UTF-8 stays as it is."""
    return text.encode("utf-8", "surrogateescape")
