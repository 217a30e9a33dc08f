"""A package index that sends without an end: neither the disk nor the memory is filled, and the error says why."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

from yolopatch.errors import SourceError
from yolopatch.outside.child.group import Limits
from yolopatch.outside.source import pypi

from ..serving import Quiet, serving

WHEEL = "ultralytics-8.3.0-py3-none-any.whl"


@contextmanager
def endless_index(monkeypatch, path: str):
    """Run an index that never ends the answer to this path, and make it pip's only one."""

    class Answers(Quiet):
        def do_GET(self) -> None:
            page = f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            if not self.path.startswith(path):
                self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            while self.path.startswith(path) and not ended.is_set():
                try:
                    self.wfile.write(b"<!-- -->" * 131072)
                except OSError:
                    return

    ended = threading.Event()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with serving(Answers) as host:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://{host}/simple")
        try:
            yield
        finally:
            ended.set()


def test_a_wheel_without_an_end_is_not_kept(monkeypatch, tmp_path):
    with endless_index(monkeypatch, "/ultralytics-"), pytest.raises(SourceError) as caught:
        pypi.download_version("ultralytics", "8.3.0", tmp_path)
    assert "more than 64 MB for a file" in caught.value.what
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_an_index_page_without_an_end_is_not_held(monkeypatch, tmp_path):
    monkeypatch.setattr(pypi, "LIMITS", Limits(file=2**20, memory=2**29))
    with endless_index(monkeypatch, "/simple/"), pytest.raises(SourceError) as caught:
        pypi.download_version("ultralytics", "8.3.0", tmp_path)
    assert "of memory" in caught.value.what
