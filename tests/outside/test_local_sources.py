"""`--source PATH`: what a user has lying about. Its content decides, whatever it is called."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError
from yolopatch.outside.source import pypi
from yolopatch.outside.source.store import pristine

PIN = PINS["ultralytics-8.3.0"]
V61 = PINS["yolov5-6.1"]
HARMLESS = "ultralytics/hub/auth.py"


@pytest.fixture
def folder(pristine_tree, tmp_path) -> Path:
    """The pin's unpacked files, with no git."""
    place = tmp_path / "un packed"
    shutil.copytree(pristine_tree(PIN.name), place, ignore=shutil.ignore_patterns(".git"))
    return place


@pytest.fixture
def clone(pristine_tree, tmp_path, git_in) -> Path:
    """A clone with the pin checked out and tagged as upstream tags it, and a later commit on main."""
    place = tmp_path / "my clone"
    git_in(tmp_path, "clone", "-q", str(pristine_tree(PIN.name)), str(place))
    git_in(place, "tag", "-a", "-m", "v8.3.0", "v8.3.0")
    return place


def _commit(clone: Path, path: str, git_in) -> None:
    (clone / path).write_text("# changed\n" + (clone / path).read_text())
    git_in(clone, "commit", "-q", "-am", "change")


def _taken(path: Path, cache: Path, pin=PIN):
    with pristine(pin, str(path), cache) as found:
        return found.source, dict(found.blobs), found.notes


def _refused(path: Path, cache: Path, pin=PIN) -> SourceError:
    with pytest.raises(SourceError) as caught:
        _taken(path, cache, pin)
    assert caught.value.exit_code == 1
    return caught.value


@pytest.fixture
def expected(cache, need_pin) -> dict[str, str]:
    need_pin(PIN.name)
    with pristine(PIN, "auto", cache) as found:
        return {path: blob for path, blob in found.blobs.items() if path.startswith("ultralytics/")}


def test_a_folder(folder, cache, expected):
    source, blobs, notes = _taken(folder, cache)
    assert (source, notes) == ("folder", ())
    assert expected.items() <= blobs.items()


def test_a_folder_with_a_changed_harmless_file_warns(folder, cache):
    (folder / HARMLESS).write_text("# mine\n")
    _, _, notes = _taken(folder, cache)
    assert len(notes) == 1
    assert HARMLESS in notes[0]


@pytest.mark.parametrize("how", [lambda file: file.write_text("# mine\n"), Path.unlink], ids=["changed", "missing"])
@pytest.mark.parametrize("name", [PIN.layout.parser, PIN.layout.common, "ultralytics/nn/modules/head.py"])
def test_a_folder_with_a_changed_critical_file_is_refused(name, how, folder, cache):
    how(folder / name)
    error = _refused(folder, cache)
    assert error.what == f"{folder} is not ultralytics-8.3.0: {name} differs"
    assert error.details[0].startswith(f"{name}: expected ")


def test_a_folder_of_another_version_is_refused(cache, folder):
    assert "is not ultralytics-8.4.0" in _refused(folder, cache, PINS["ultralytics-8.4.0"]).what


def test_a_folder_with_a_link_out_of_it(folder, cache, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / HARMLESS).unlink()
    (folder / HARMLESS).symlink_to(secret)
    assert "is a link that leads out of" in _refused(folder, cache).what


def test_an_empty_folder(tmp_path, cache):
    error = _refused(tmp_path, cache)
    assert "no file of ultralytics-8.3.0 was found there" in error.what
    assert PIN.layout.parser in error.details[0]


def test_other_files_of_the_users_folder_stay_out(folder, cache):
    (folder / "my-secrets.txt").write_text("x")
    (folder / "best.pt").write_bytes(b"x")
    assert not {"my-secrets.txt", "best.pt"} & _taken(folder, cache)[1].keys()


def test_a_clone_with_the_tag_gives_the_tag_not_what_is_checked_out(clone, cache, expected, git_in):
    _commit(clone, PIN.layout.parser, git_in)
    source, blobs, notes = _taken(clone, cache)
    assert (source, notes) == ("git", ())
    assert expected.items() <= blobs.items()


def test_a_clone_without_the_tag_gives_its_head(clone, cache, expected, git_in):
    git_in(clone, "tag", "-d", "v8.3.0")
    (clone / PIN.layout.parser).write_text("# not committed\n")
    source, blobs, _ = _taken(clone, cache)
    assert source == "clone"
    assert expected.items() <= blobs.items()


def test_a_bare_clone_and_a_shallow_one_and_a_worktree(clone, cache, expected, tmp_path, git_in):
    git_in(tmp_path, "clone", "-q", "--bare", str(clone), "bare.git")
    git_in(tmp_path, "clone", "-q", "--depth", "1", clone.as_uri(), "shallow")
    git_in(clone, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    for name in ("bare.git", "shallow", "tree"):
        assert expected.items() <= _taken(tmp_path / name, cache)[1].items(), name


def test_a_clone_with_a_changed_critical_file_names_it(clone, cache, git_in):
    git_in(clone, "tag", "-d", "v8.3.0")
    _commit(clone, PIN.layout.common, git_in)
    assert f"is not ultralytics-8.3.0: {PIN.layout.common} differs" in _refused(clone, cache).what


def test_a_clone_whose_tag_was_moved_names_the_file(clone, cache, git_in):
    _commit(clone, PIN.layout.parser, git_in)
    git_in(clone, "tag", "-f", "v8.3.0")
    assert f"{PIN.layout.parser} differs" in _refused(clone, cache).what


def test_a_clone_with_a_changed_harmless_file_warns(clone, cache, git_in):
    git_in(clone, "tag", "-d", "v8.3.0")
    _commit(clone, HARMLESS, git_in)
    assert [HARMLESS in note for note in _taken(clone, cache)[2]] == [True]


def test_a_clone_without_a_commit(tmp_path, cache, git_in):
    git_in(tmp_path, "init", "-q", "empty")
    error = _refused(tmp_path / "empty", cache)
    assert f"--source {tmp_path / 'empty'}: git cannot read this clone" in error.what


def test_a_clone_of_something_else(tmp_path, cache, git_in):
    git_in(tmp_path, "init", "-q", "other")
    git_in(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "x")
    assert "is not ultralytics-8.3.0" in _refused(tmp_path / "other", cache).what


def test_a_clone_is_left_as_it_is(clone, cache, fingerprint):
    before = fingerprint(clone)
    _taken(clone, cache)
    assert fingerprint(clone) == before


def test_a_clone_of_v61_must_have_the_published_commit(pristine_tree, tmp_path, cache, git_in):
    place = tmp_path / "v61"
    git_in(tmp_path, "clone", "-q", str(pristine_tree(V61.name)), str(place))
    assert _taken(place, cache, V61)[0] == "clone"
    git_in(place, "tag", "v6.1")
    assert "is not the pin's commit" in _refused(place, cache, V61).what


def test_nothing_of_a_clones_hooks_or_settings_runs(clone, cache, tmp_path):
    sprung = tmp_path / "sprung"
    for hook in ("pre-upload-pack", "post-checkout", "reference-transaction"):
        file = clone / ".git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {sprung}\n")
        file.chmod(0o755)
    with (clone / ".git" / "config").open("a") as config:
        config.write(f"[uploadpack]\n\tpackObjectsHook = touch {sprung};\n[core]\n\tfsmonitor = touch {sprung}\n")
    _taken(clone, cache)
    assert not sprung.exists()


@pytest.fixture
def wheel(tmp_path) -> Path:
    place = tmp_path / "wheels"
    place.mkdir()
    try:
        return pypi.download(PIN.wheel, place)
    except SourceError as error:
        pytest.skip(f"{error.what}: {error.details}")


def test_a_wheel(wheel, tmp_path, expected):
    own = tmp_path / "own-cache"
    source, blobs, notes = _taken(wheel, own)
    assert (source, notes) == ("pypi", ())
    assert expected.items() <= blobs.items()
    wheel.unlink()
    with pristine(PIN, "pypi", own) as found:
        assert found.blobs == blobs, "a wheel is kept in the cache"


def test_an_unpacked_wheel_gives_the_tree_of_the_wheel(wheel, tmp_path, cache):
    folder = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (folder / "another_package.py").write_text("")
    whole = _taken(wheel, tmp_path / "own-cache")[1]
    assert _taken(folder, cache)[1] == {p: b for p, b in whole.items() if not p.startswith("tests/")}


def test_a_wrong_wheel_is_refused_with_a_warm_cache_too(wheel, cache, need_pin):
    need_pin(PIN.name)
    wheel.write_bytes(wheel.read_bytes()[:-1])
    error = _refused(wheel, cache)
    assert f"{wheel} is not the pin's wheel ultralytics 8.3.0" in error.what
    assert PIN.wheel.sha256 in error.details[0]


def test_a_wheel_of_another_version_under_the_right_name(tmp_path, cache):
    fake = tmp_path / "ultralytics-8.3.0-py3-none-any.whl"
    with zipfile.ZipFile(fake, "w") as archive:
        archive.writestr("ultralytics/__init__.py", "__version__ = '8.3.0'\n")
    assert "is not the pin's wheel" in _refused(fake, cache).what


def test_a_wheel_for_a_pin_that_has_none(tmp_path, cache):
    (tmp_path / "yolov5-6.1-py3-none-any.whl").write_bytes(b"PK")
    error = _refused(tmp_path / "yolov5-6.1-py3-none-any.whl", cache, V61)
    assert "it is a wheel, but this pin has no wheel" in error.what


def test_an_sdist(tmp_path, cache):
    sdist = tmp_path / "ultralytics-8.3.0.tar.gz"
    with tarfile.open(sdist, "w:gz"):
        pass
    error = _refused(sdist, cache)
    assert "it is not a wheel or a folder" in error.what
    assert "the wheel ultralytics 8.3.0" in error.details[0]


@pytest.mark.parametrize("name", ["nowhere", "pip", "GIT"])
def test_a_path_that_is_not_there(name, tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = _refused(Path(name), cache)
    assert "no such file or folder" in error.what
    assert "auto, git, pypi" in error.details[0]
