"""A wheel is unpacked in memory, and no entry of it is trusted."""

from __future__ import annotations

import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from yolopatch.errors import SourceError
from yolopatch.outside.source import archive
from yolopatch.outside.source.archive import read_wheel

from ..zips import with_damaged_stream, with_size, zipped


def _zip(tmp_path: Path, *entries: tuple[str, bytes], mode: int = 0) -> Path:
    path = tmp_path / "a.whl"
    path.write_bytes(zipped(entries, zipfile.ZIP_STORED, mode))
    return path


def test_plain_files_come_out(tmp_path):
    path = _zip(tmp_path, ("pkg/", b""), ("pkg/a.py", b"a"), ("pkg/sub dir/é.py", b"b"))
    assert read_wheel(path) == {"pkg/a.py": b"a", "pkg/sub dir/é.py": b"b"}


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../outside",
        "pkg/../../outside",
        "pkg/..",
        "..\\outside",
        "C:\\windows",
        "C:/windows",
        ".git/hooks/post-checkout",
        "pkg/.GIT/config",
        "pkg//a.py",
        "./pkg/a.py",
        "pkg/a\nM 100644 inline b",
        '"pkg/a.py"',
        "pkg/\x1b[31m.py",
    ],
)
def test_a_path_that_is_not_plainly_inside(name, tmp_path):
    with pytest.raises(SourceError, match=r"contains (an absolute or foreign path|a path that leaves the folder)"):
        read_wheel(_zip(tmp_path, ("pkg/ok.py", b""), (name, b"x")))


def test_a_name_with_a_null_byte(tmp_path):
    path = _zip(tmp_path, ("pkg/aXb.py", b"x"))
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    with pytest.raises(SourceError):
        read_wheel(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device(kind, tmp_path):
    with pytest.raises(SourceError, match="a link or a device"):
        read_wheel(_zip(tmp_path, ("pkg/link", b"/etc/passwd"), mode=kind | 0o777))


def test_one_name_twice(tmp_path):
    with pytest.raises(SourceError, match=r"contains 'pkg/a\.py' twice"):
        read_wheel(_zip(tmp_path, ("pkg/a.py", b"good"), ("pkg/a.py", b"evil")))


def test_more_than_the_bound_by_its_own_word(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    with pytest.raises(SourceError, match="unpacks to 1200 bytes, more than 1000: refused"):
        read_wheel(_zip(tmp_path, ("a", b"\0" * 600), ("b", b"\0" * 600)))


def test_an_entry_that_lies_about_its_size(tmp_path):
    path = tmp_path / "a.whl"
    path.write_bytes(with_size(zipped([("bomb", bytes(5_000_000))]), 5_000_000, 10))
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(path)


def test_a_damaged_stream(tmp_path):
    path = tmp_path / "a.whl"
    path.write_bytes(with_damaged_stream("a"))
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(path)


def test_an_encrypted_entry(tmp_path):
    path = _zip(tmp_path, ("a", b"secret"))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(path)


def test_an_entry_without_a_name(tmp_path):
    path = _zip(tmp_path, ("pkg/a.py", b"x"), ("q", b"x"))
    path.write_bytes(_renamed(path.read_bytes(), b"q"))
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(path)


def _renamed(data: bytes, name: bytes) -> bytes:
    """Return the archive with one name of one byte left out, in both of its lists."""
    for signature, size_at, name_at in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
        at = max(
            at for at in range(len(data)) if data.startswith(signature, at) and data[at + name_at :].startswith(name)
        )
        data = data[: at + size_at] + b"\0\0" + data[at + size_at + 2 : at + name_at] + data[at + name_at + 1 :]
    end = data.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<II", data[end + 12 : end + 20])
    return data[: end + 12] + struct.pack("<II", size - 1, start - 1) + data[end + 20 :]


def test_an_archive_that_names_a_place_before_its_start(tmp_path):
    path = _zip(tmp_path, ("pkg/a.py", b"x" * 99))
    path.write_bytes(path.read_bytes()[40:])  # Python takes what is missing for a start that was added
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"hello" * 100])
def test_what_is_no_zip(data, tmp_path):
    (tmp_path / "a.whl").write_bytes(data)
    with pytest.raises(SourceError, match="is not a readable wheel"):
        read_wheel(tmp_path / "a.whl")


def test_a_header_that_lies_about_the_size_takes_no_memory(tmp_path):
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("pkg/a.py", bytes(2**26))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 2**26), struct.pack("<I", 100)))
    tracemalloc.start()
    with pytest.raises(SourceError, match="not a readable wheel"):
        read_wheel(path)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_whose_memory_cannot_be_bounded(kind, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w", kind) as made:
        made.writestr("pkg/a.py", b"x")
    with pytest.raises(SourceError, match="a compression that wheels do not have"):
        read_wheel(tmp_path / "a.whl")
