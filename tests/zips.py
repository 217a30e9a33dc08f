"""Zip archives as strangers write them: of any names, with sizes that lie, with streams that are damaged."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable
from io import BytesIO


def zipped(entries: Iterable[tuple[str, bytes]], kind: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    """Return an archive with these entries, of which two may have one name.

    Args:
        entries: the name and the content of each.
        kind: of compression.
        mode: of the files, as on Unix.
    """
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name twice
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, kind
            made.writestr(info, data)
    return stream.getvalue()


def with_size(archive: bytes, size: int, said: int) -> bytes:
    """Return an archive whose headers say another size of the entry that has this one."""
    return archive.replace(size.to_bytes(4, "little"), said.to_bytes(4, "little"))


def with_damaged_stream(name: str) -> bytes:
    """Return an archive with one entry of this name, whose compressed bytes do not unpack."""
    data = bytearray(zipped([(name, bytes(range(256)) * 40)]))
    start = 30 + len(name) + 9  # after the header and the first bytes of the stream
    data[start : start + 20] = b"\xff" * 20
    return bytes(data)
