"""Get the pickle out of a checkpoint's archive, or say what other file it is. Python 3.8 can run this."""

from __future__ import annotations

import errno
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from itertools import islice
from typing import IO

from .uses import Harmful, Seen, uses_of

_MOST_PICKLE = 2**25  # bytes; tensors are stored outside it: the pickle of the largest models has a megabyte
# values of tensors, and bytes after unpacking: what each byte of the file, and the smallest file, may stand for
_DENSEST, _LARGEST = 16, 2**24
# what a damaged or forged archive raises
_DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(RuntimeError, ValueError, LookupError, OverflowError, EOFError),
)
_ZIP = b"PK\x03\x04"
_TEXT = frozenset(range(32, 127))  # the bytes that begin it
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r")  # those that it does not have
_HEAD = 32  # bytes, from which a file's format is known
_CHUNK = 2**20  # bytes that are read at once
_SHOWN = 6  # names of entries in an answer
_LONGEST = 60  # characters of such a name
_TORCH_BEFORE_1_6 = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
# what other files start with: a regular expression, and what the file is
_FORMATS = (
    (
        re.escape(_TORCH_BEFORE_1_6),
        "it has torch's format before version 1.6: load it with its own code and save it again",
    ),
    (rb"\x08.\x12", "it is ONNX, an export of a checkpoint"),
    (rb".{3}[\x00-\x05]\x00{4}\{", "it is a safetensors file, which holds tensors but no model"),
    (rb".{2}\x00\x00\{", "it is a TensorRT engine, an export of a checkpoint"),
    (rb".{4}TFL3", "it is TensorFlow Lite, an export of a checkpoint"),
    (rb"\x89HDF", "it is HDF5, as Keras saves models"),
    (rb"version https://git-lfs", "it is a pointer of Git LFS: get the file itself with git lfs pull"),
    (rb"\s*<\?xml", "it is XML, as a part of an OpenVINO export is"),
    (rb"\s*<", "it is a web page: the download went wrong"),
    (rb"\x1f\x8b|7z\xbc|Rar!|BZh|\xfd7zXZ", "it is a compressed archive: unpack it first"),
)


class NoArchive(Exception):
    """The file is not a checkpoint that can be read; the message is the reason."""


def read_pickle(stream: IO[bytes]) -> bytes:
    """Return the `data.pkl` of a checkpoint.

    Raises:
        NoArchive: it is another file, is damaged, or claims more than a checkpoint has.
        OSError: it cannot be read.
    """
    head = stream.read(_HEAD)
    if not head.startswith(_ZIP):
        raise NoArchive(_described(head))
    try:
        with zipfile.ZipFile(stream) as archive:
            if any(entry.filename.endswith("/constants.pkl") for entry in archive.infolist()):
                raise NoArchive("it is TorchScript, an export of a checkpoint")
            found = [entry for entry in archive.infolist() if entry.filename.split("/")[1:] == ["data.pkl"]]
            if len(found) != 1:
                raise NoArchive(
                    f"it is an archive with {len(found)} files data.pkl, and torch's archives have one; "
                    f"it has: {', '.join(first_names(archive.namelist())) or 'nothing'}"
                )
            if found[0].file_size > _MOST_PICKLE:
                raise NoArchive(f"its data.pkl claims {found[0].file_size:,} bytes, more than any checkpoint has")
            claimed = sum(entry.file_size for entry in archive.infolist())
            size = stream.seek(0, os.SEEK_END)
            if claimed > _LARGEST + size * _DENSEST:
                raise NoArchive(f"its parts claim {claimed:,} bytes, and the file has {size:,}")
            if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise NoArchive("its data.pkl is compressed in a way that torch cannot read")
            # with a number, no more is unpacked than the header claims
            return archive.open(found[0]).read(found[0].file_size)
    except _DAMAGED as error:
        raise NoArchive(f"it is cut short or damaged: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise NoArchive("it is damaged: a part of it lies before its start") from error


def read_checked(file: str | os.PathLike[str]) -> tuple[bytes, Seen]:
    """Return the pickle of a checkpoint that can be loaded in bounded time and memory, and what loading it would do.

    Raises:
        NoArchive: it cannot, or the file is none that `read_pickle` can read.
        OSError: it cannot be read.
    """
    with open(file, "rb") as stream:
        data = read_pickle(stream)
        _require_intact(stream)
    try:
        seen = uses_of(data)
    except Harmful as error:
        raise NoArchive(f"its data.pkl cannot be read: {error}") from error
    size = os.stat(file).st_size
    if seen.elements > _LARGEST + size * _DENSEST:
        raise NoArchive(f"its tensors claim {seen.elements:,} values, and the file has {size:,} bytes")
    return data, seen


def _require_intact(stream: IO[bytes]) -> None:
    """Check the sums of an archive's entries, which torch does not.

    Raises:
        NoArchive: some are wrong. Where all are, the file was written without sums, as torch can be told to.
    """
    stream.seek(0)
    with zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
        wrong = [entry.filename for entry in entries if not _is_intact(archive, entry)]
    if wrong and len(wrong) < len(entries):
        raise NoArchive(
            f"it is damaged: {len(wrong)} of its {len(entries)} parts have other bytes than were written, first "
            f"{first_names(wrong)[0]}"
        )


def _is_intact(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as part:
            while part.read(_CHUNK):
                pass
    except _DAMAGED:
        return False
    return True


def _described(head: bytes) -> str:
    """Return what a file is that starts like this."""
    known = next((what for form, what in _FORMATS if re.match(form, head, re.DOTALL)), None)
    if head and not known and head[0] in _TEXT and not any(byte in _CONTROL for byte in head):
        return "it is text, such as a YAML or a script"
    start = head[: len(_ZIP)]
    return known or (
        f"it does not start like a file of torch 1.6 or later, but with {start!r}" if head else "it is empty"
    )


def first_names(names: Iterable[object]) -> tuple[str, ...]:
    """Return the first of these names, short enough for a message."""
    return tuple(str(name)[:_LONGEST] for name in islice(names, _SHOWN))
