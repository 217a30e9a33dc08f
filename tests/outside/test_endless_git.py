"""A git server that sends without an end: neither the disk nor the memory is filled, and the error says what came."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from yolopatch.errors import SourceError
from yolopatch.outside.git import command, snapshot
from yolopatch.outside.git.command import GitError

from ..serving import Quiet, serving

COMMIT = b"a" * 40
PACK = b"PACK" + struct.pack(">II", 2, 2**20)  # of a million objects


def _line(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def _object(size: int) -> bytes:
    """Return the header of a blob of this size in a pack."""
    first, rest = 0x30 | size & 15, size >> 4
    header = bytearray([first | (0x80 if rest else 0)])
    while rest:
        header.append(rest & 0x7F | (0x80 if rest >> 7 else 0))
        rest >>= 7
    return bytes(header)


def _many_blobs() -> Iterator[bytes]:
    yield _line(b"\1" + PACK)
    while True:
        data = os.urandom(60_000)
        yield _line(b"\1" + _object(len(data)) + zlib.compress(data, 0))


def _messages() -> Iterator[bytes]:
    while True:
        yield _line(b"\2" + b"x" * 60_000 + b"\n")


def _slow_pack() -> Iterator[bytes]:
    yield _line(b"\1" + PACK)
    while True:
        time.sleep(0.05)
        yield _line(b"\1x")


def _branches() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        yield b"".join(_line(b"%040x refs/heads/%d-%d\n" % (one, number, one)) for one in range(5000))


@contextmanager
def _server(pack: Callable[[], Iterator[bytes]], branches: Callable[[], Iterator[bytes]] = lambda: iter(())):
    """Run a server whose tag v1 leads to this pack; gives its URL."""
    ended = threading.Event()

    class Answers(Quiet):
        def do_GET(self) -> None:
            if "/circle" in self.path:
                self.send_response(302)
                self.send_header("Location", self.path)
                self.end_headers()
                return
            self._begin("advertisement")
            offered = b" refs/tags/v1\0 side-band-64k shallow no-progress ofs-delta\n"
            self.wfile.write(_line(b"# service=git-upload-pack\n") + b"0000" + _line(COMMIT + offered))
            self._send(branches())
            self.wfile.write(b"0000")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            self._begin("result")
            self.wfile.write(_line(b"shallow " + COMMIT) + b"0000")
            if b"done" in asked:
                self.wfile.write(_line(b"NAK\n"))
                self._send(pack())

        def _begin(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"application/x-git-upload-pack-{kind}")
            self.end_headers()

        def _send(self, parts: Iterator[bytes]) -> None:
            for part in parts:
                if ended.is_set():
                    return
                self.wfile.write(part)

    with serving(Answers) as host:
        try:
            yield f"http://joe:secret@{host}"
        finally:
            ended.set()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Bounds that are reached at once, and no proxy of the user's."""
    for name in ("_FETCHED", "_MESSAGES"):
        monkeypatch.setattr(command, name, 2**20)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def _fetch(tmp_path: Path, url: str) -> None:
    snapshot.fetch_ref(snapshot.create(tmp_path / "bare.git"), url, "refs/tags/v1")


@pytest.mark.parametrize(
    ("pack", "seconds", "said"),
    [
        (_many_blobs, 60, "it sends more than 1 MB"),
        (_messages, 60, "it sends more than 1 MB of messages"),
        (_slow_pack, 1, "it had not sent all in 1 s"),
    ],
)
def test_a_server_that_does_not_come_to_an_end(pack, seconds, said, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_FETCH_TIME", seconds)
    with _server(pack) as url, pytest.raises(SourceError) as caught:
        _fetch(tmp_path, f"{url}/x")
    error = caught.value
    shown = url.replace("joe:secret", "***")
    assert error.what == f"git fetch of refs/tags/v1 from {shown}/x was stopped: {said}"
    assert "git config --get-regexp" in error.hint
    assert sum(file.stat().st_size for file in tmp_path.rglob("*")) < 300 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="not every system limits the memory of a program")
def test_a_list_of_branches_without_an_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_FETCH_MEMORY", 2**27)
    with _server(_messages, _branches) as url, pytest.raises(SourceError) as caught:
        _fetch(tmp_path, f"{url}/x")
    assert caught.value.what.endswith("was stopped: it sends more than 0.125 GB of memory can hold")


def test_a_server_that_sends_from_one_address_to_the_next(tmp_path):
    with _server(_messages) as url, pytest.raises(GitError) as caught:
        _fetch(tmp_path, f"{url}/circle")
    told = " ".join(caught.value.details)
    assert "redirects followed" in told
    assert "secret" not in told


def test_a_small_pack_of_huge_files_is_refused(tmp_path, git_in, monkeypatch):
    monkeypatch.setattr(snapshot, "MAX_BYTES", 2**20)
    source = tmp_path / "source"
    source.mkdir()
    git_in(source, "init", "-q")
    (source / "zeros").write_bytes(b"\0" * 2**21)
    git_in(source, "add", ".")
    git_in(source, "commit", "-q", "-m", "bomb")
    git_in(source, "tag", "v1")
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{source.as_uri()}"]\n\tinsteadOf = https://example.org/x\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(SourceError, match=r"https://example\.org/x has sent take 2 MB unpacked: refused"):
        _fetch(tmp_path, "https://example.org/x")
    shutil.rmtree(tmp_path / "bare.git")
    _fetch(tmp_path, source.as_uri())  # the user's own clone
