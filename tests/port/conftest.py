"""Releases that nobody made: a pin's tree with another version and with edits, as a folder or a wheel."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.outside.source.releases import URL

PIN = PINS["ultralytics-8.4.0"]
VERSION = "8.4.7"
_METADATA = f"Metadata-Version: 2.1\nName: ultralytics\nVersion: {VERSION}\nRequires-Python: >=3.8\n"


@pytest.fixture
def files(pristine_tree) -> Callable[..., dict[str, bytes]]:
    """Give the package of a pin as another version, with texts replaced: {path: {old: new}}."""

    def changed(edits: Mapping[str, Mapping[str, str]] | None = None, pin: str = PIN.name) -> dict[str, bytes]:
        tree = pristine_tree(pin)
        found = {str(p.relative_to(tree)): p.read_bytes() for p in (tree / "ultralytics").rglob("*") if p.is_file()}
        version = {"ultralytics/__init__.py": {PINS[pin].wheel.version: VERSION}}
        for path, replaced in {**version, **(edits or {})}.items():
            text = found[path].decode()
            for old, new in replaced.items():
                assert old in text, f"{path} has no {old!r}"
                text = text.replace(old, new)
            found[path] = text.encode()
        return found

    return changed


@pytest.fixture
def wheel(files, tmp_path) -> Callable[..., Path]:
    """Write the wheel of such a release."""

    def write(*arguments: object) -> Path:
        path = tmp_path / f"ultralytics-{VERSION}-py3-none-any.whl"
        info = f"ultralytics-{VERSION}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**files(*arguments), f"{info}/METADATA": _METADATA.encode()}.items():
                archive.writestr(name, data)
        return path

    return write


@pytest.fixture
def upstream(pristine_tree, tmp_path, git_in, monkeypatch) -> Path:
    """A repository that stands for upstream's: a tag of the version, and a branch."""
    place = tmp_path / "upstream"
    shutil.copytree(pristine_tree(PIN.name), place)
    git_in(place, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub has it
    git_in(place, "tag", "v8.4.0")
    git_in(place, "checkout", "-q", "-b", "feature/x")
    git_in(place, "commit", "-q", "--allow-empty", "-m", "later")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{place.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", URL)
    return place
