"""What `--to` may name: a version of PyPI, a git ref, a checkout or a wheel; and what it may not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS, GitSource
from yolopatch.core.text import sha256
from yolopatch.errors import SourceError, UsageError, YolopatchError
from yolopatch.outside.source import releases
from yolopatch.outside.source.pypi import NotListedError
from yolopatch.outside.source.releases import URL, find_release

PIN = PINS["ultralytics-8.4.0"]


@pytest.fixture
def index(wheel, monkeypatch):
    """A package index with one wheel; gives how often it was asked."""
    made = wheel()
    asked = []

    def download(project: str, version: str, folder: Path) -> Path:
        asked.append(f"{project}=={version}")
        if version not in ("8.4.7", "8.4.7.0"):
            raise NotListedError("pip download failed", details=["(from versions: 8.4.7)"])
        return Path(shutil.copy(made, folder))

    monkeypatch.setattr(releases, "download_version", download)
    monkeypatch.setattr(releases, "list_versions", lambda project: ["8.4.6", "8.4.7"])
    return asked


@pytest.mark.parametrize(
    "asked", ["ultralytics==8.4.7", "ultralytics-8.4.7", "Ultralytics@8.4.7", "8.4.7", "8.4.7.0", "ultralytics"]
)
def test_a_version_is_fetched(asked, index, tmp_path):
    found = find_release(asked, tmp_path)
    assert (found.name, found.version) == ("ultralytics-8.4.7", "8.4.7")
    assert found.wheel.sha256 == sha256(found.archive.read_bytes())
    assert PIN.layout.parser in found.texts


def test_a_wheel_is_fetched_once(index, tmp_path):
    assert find_release("8.4.7", tmp_path) == find_release("8.4.7", tmp_path)
    assert index == ["ultralytics==8.4.7"]


def test_a_damaged_wheel_in_the_cache_is_fetched_again(index, tmp_path):
    archive = find_release("8.4.7", tmp_path).archive
    archive.write_bytes(archive.read_bytes()[:1000])
    assert find_release("8.4.7", tmp_path).version == "8.4.7"
    assert len(index) == 2


def test_a_version_that_the_index_lacks(index, tmp_path):
    with pytest.raises(UsageError, match=r"the package index has no wheel of ultralytics 99\.0") as caught:
        find_release("ultralytics==99.0", tmp_path / "cache")
    assert caught.value.hint.startswith("pip index versions ultralytics")
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_no_network(tmp_path, monkeypatch):
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(SourceError, match=r"ultralytics 8\.3\.77 could not be downloaded") as caught:
        find_release("8.3.77", tmp_path)
    assert "--to PATH" in caught.value.hint


def test_a_wheel_on_this_disk(wheel, tmp_path):
    path = wheel()
    found = find_release(str(path), tmp_path)
    assert (found.name, found.archive) == ("ultralytics-8.4.7", path)


def test_a_folder_is_named_by_its_content(pristine_tree, tmp_path):
    tree = pristine_tree(PIN.name)
    found = find_release(str(tree), tmp_path)
    assert found.name.startswith("ultralytics-8.4.0-")
    assert (found.git, found.wheel, found.archive) == (None, None, None)
    other = tmp_path / "other"
    shutil.copytree(tree, other)
    (other / PIN.layout.parser).write_text("x = 1\n")
    assert find_release(str(other), tmp_path).name != found.name


def test_a_tag_is_the_release(upstream, tmp_path, git_in):
    found = find_release("v8.4.0", tmp_path)
    commit = git_in(upstream, "rev-parse", "v8.4.0").strip()
    assert (found.name, found.git) == ("ultralytics-8.4.0", GitSource(URL, "v8.4.0", commit))


@pytest.mark.parametrize("ref", ["feature/x", "COMMIT"])
def test_a_branch_or_a_commit_is_named_by_its_commit(ref, upstream, tmp_path, git_in):
    commit = git_in(upstream, "rev-parse", "HEAD").strip()
    found = find_release(ref.replace("COMMIT", commit), tmp_path)
    assert found.name == f"ultralytics-8.4.0-{commit[:8]}"
    assert found.git == GitSource(URL, "", commit)


def test_a_ref_that_is_not_there(upstream, tmp_path):
    with pytest.raises(SourceError, match="has no nowhere, or cannot be reached") as caught:
        find_release("nowhere", tmp_path)
    assert "nowhere" in " ".join(caught.value.details)


@pytest.mark.parametrize("asked", ["yolov5==7.0.13", "torch==2.3.0", "./nothing", "/nowhere.whl", "--x", "a b", ""])
def test_what_names_no_release(asked, tmp_path):
    with pytest.raises(UsageError, match="--to") as caught:
        find_release(asked, tmp_path)
    assert "ultralytics==8.4.60" in caught.value.details[0]


def test_a_folder_that_is_not_ultralytics(tmp_path):
    with pytest.raises(UsageError, match=r"is not ultralytics: it has no ultralytics/__init__\.py"):
        find_release(str(tmp_path), tmp_path)


def _tree(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


def test_a_release_too_old_to_have_the_parser(tmp_path):
    tree = _tree(tmp_path, {"ultralytics/__init__.py": "__version__ = '0.0.44'\n", "ultralytics/yolo.py": ""})
    with pytest.raises(YolopatchError, match=r"is too old: it has no ultralytics/nn/tasks\.py"):
        find_release(tree, tmp_path)


def test_a_package_that_does_not_say_its_version(tmp_path):
    tree = _tree(tmp_path, {"ultralytics/__init__.py": "", "ultralytics/nn/tasks.py": ""})
    with pytest.raises(SourceError, match="does not say its version"):
        find_release(tree, tmp_path)


def test_an_archive_that_is_none(tmp_path):
    (tmp_path / "x.whl").write_text("nothing")
    with pytest.raises(SourceError, match="not a readable wheel"):
        find_release(str(tmp_path / "x.whl"), tmp_path)
