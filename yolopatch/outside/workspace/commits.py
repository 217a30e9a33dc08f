"""The commits of a workspace, as a stream for git fast-import: the same input gives the same ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.core.text import blob_id, commit_id, tree_id
from yolopatch.outside.git.command import Entry
from yolopatch.outside.git.snapshot import Root, fast_import_data

if TYPE_CHECKING:
    from yolopatch.core.replay.three_way import Leaf

_WHO = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {EPOCH} +0000"
_MODE = "100644"


@dataclass(frozen=True)
class Step:
    """One commit to make: its message, and the new texts of files by path."""

    message: str
    files: Mapping[str, str]


def commit_stream(ref: str, root: str, steps: Sequence[Step]) -> bytes:
    """Return the git fast-import stream that commits `steps` on top of `root`, and points `ref` at the last commit."""
    parts = [f"reset {ref}\nfrom {root}\n\n".encode()]
    for step in steps:
        parts.append(f"commit {ref}\nauthor {_WHO}\ncommitter {_WHO}\n".encode())
        parts.append(fast_import_data(step.message.encode()))
        for path in sorted(step.files):
            change = f"M {_MODE} inline {path}\n".encode()
            parts.append(change + fast_import_data(encode_text(step.files[path])))
    return b"".join(parts)


def change_stream(ref: str, changes: Mapping[str, Leaf | None], contents: Mapping[str, bytes]) -> bytes:
    """Return the git fast-import stream that commits these changes on top of `ref`; only its tree is of use.

    Args:
        ref: the reference.
        changes: what is at each path then, None for nothing.
        contents: those that git does not have yet, by blob id.
    """
    head = f"commit {ref}\ncommitter {_WHO}\n".encode() + fast_import_data(b"")
    # a folder may take the place of a file
    gone = b"".join(b"D %s\n" % _quoted(path) for path, leaf in sorted(changes.items()) if leaf is None)
    there = [(path, leaf) for path, leaf in sorted(changes.items()) if leaf]
    return head + gone + b"".join(_put(path, leaf, contents) for path, leaf in there)


def _put(path: str, leaf: Leaf, contents: Mapping[str, bytes]) -> bytes:
    if leaf.blob in contents:
        return b"M %s inline %s\n" % (leaf.mode.encode(), _quoted(path)) + fast_import_data(contents[leaf.blob])
    return b"M %s %s %s\n" % (leaf.mode.encode(), leaf.blob.encode(), _quoted(path))


def _quoted(path: str) -> bytes:
    """Return a path as fast-import reads any."""
    text = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'.encode("utf-8", "surrogateescape")


def head_id(root: Root, steps: Sequence[Step]) -> str:
    """Return the id of the last commit of these steps on the root, without making the commits."""
    head, files = root.commit, {entry.path: (entry.mode, entry.blob) for entry in root.entries}
    for step in steps:
        files |= {path: (entry.mode, entry.blob) for path, entry in written_entries([step]).items()}
        head = commit_id(tree_id(files), head, _WHO, step.message)
    return head


def written_entries(steps: Sequence[Step]) -> dict[str, Entry]:
    """Return every file that the steps write, with its mode and blob id, by path, after the last step."""
    return {path: Entry(_MODE, blob_id(encode_text(text)), path) for step in steps for path, text in step.files.items()}


def written_blobs(steps: Sequence[Step]) -> dict[str, str]:
    """Return the blob id of every file that the steps write, by path, after the last step."""
    return {path: entry.blob for path, entry in written_entries(steps).items()}


def encode_text(text: str) -> bytes:
    """Return the bytes of a file's text; bytes of upstream that are not UTF-8 are kept."""
    return text.encode("utf-8", "surrogateescape")
