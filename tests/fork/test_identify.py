"""The release of a fork: the one whose files it has, whatever the fork says it is."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.certainty import certainty
from yolopatch.core.fork.identify import identify
from yolopatch.core.fork.index import definitions_text, file_id, files_text, read_index

INIT, LOSS, TAL, NMS, NEW = (
    "ultralytics/__init__.py",
    *(f"ultralytics/utils/{name}.py" for name in ("loss", "tal", "ops", "new")),
)


def _release(version: str, **values: int) -> dict[str, bytes]:
    """Return the files of a release: of each, its only value says how old it is."""
    return {
        INIT: f'__version__ = "{version}"\n'.encode(),
        **{
            f"ultralytics/utils/{name}.py": f"def f():\n    return {value}\n".encode() for name, value in values.items()
        },
    }


RELEASES = {
    "8.0.9": _release("8.0.9", loss=1, tal=1, ops=1, metrics=1),
    "8.0.10": _release("8.0.10", loss=2, tal=1, ops=1, metrics=1),
    "8.1.0": _release("8.1.0", loss=2, tal=2, ops=2, new=2, metrics=2),
    "8.1.1": _release("8.1.1", loss=2, tal=2, ops=2, new=2, metrics=2),
    "8.1.2": _release("8.1.2", loss=3, tal=2, ops=3, new=2, metrics=3),
    "8.1.3": _release("8.1.3", loss=3, tal=3, ops=3, new=3, metrics=4),
}


@pytest.fixture(scope="module")
def index():
    """An index of six small releases."""
    forms: dict[str, dict[str, list[int]]] = {}
    for number, files in enumerate(RELEASES.values()):
        for path, data in files.items():
            forms.setdefault(path, {}).setdefault(file_id(path, data), []).append(number)
    return read_index("ultralytics", files_text(list(RELEASES), forms), definitions_text(len(RELEASES), {}))


@pytest.mark.parametrize("release", RELEASES)
def test_a_copy_is_its_release(release, index, fork):
    (found, *_) = identify(fork(RELEASES[release], release), index)
    assert (found.name, found.changed, found.added, found.missing) == (f"ultralytics=={release}", 0, 0, 0)
    assert (found.same, found.equal, found.others) == (len(RELEASES[release]), (), ())


def test_line_ends_formatting_and_comments_are_no_change(index, fork):
    files = {path: data.replace(b"f():", b"f( ) :  # \xe5\x8d\xb7") for path, data in RELEASES["8.1.2"].items()}
    (found, *_) = identify(fork({path: data.replace(b"\n", b"\r\n") for path, data in files.items()}), index)
    assert (found.release, found.changed) == ("8.1.2", 0)


def test_what_a_fork_changed_is_counted(index, fork):
    files = {**RELEASES["8.1.3"], LOSS: b"def f():\n    return 9\n", "ultralytics/nn/own.py": b"", NMS: b"x = 1\n"}
    del files[NEW]
    (found, *_) = identify(fork(files, "8.1.3"), index)
    assert (found.release, found.same, found.changed, found.added, found.missing) == ("8.1.3", 3, 2, 1, 1)


@pytest.mark.parametrize("said", ["", "8.0.9", "8.1.3", "9.0.0", "no version"])
def test_what_a_fork_says_it_is_does_not_count(said, index, fork):
    files = {**RELEASES["8.1.2"], INIT: f'__version__ = "{said}"\n'.encode()}
    (found, *_) = identify(fork(files, said), index)
    assert (found.release, found.said, found.equal) == ("8.1.2", said, ())


@pytest.mark.parametrize(
    ("said", "release", "equal"),
    [
        ("8.1.0", "8.1.0", "8.1.1"),
        ("8.1.1", "8.1.1", "8.1.0"),
        ("8.1.9", "8.1.1", "8.1.0"),
        ("8.0.9", "8.1.0", "8.1.1"),
        ("", "8.1.1", "8.1.0"),
    ],
)
def test_what_a_fork_says_decides_between_equal_releases(said, release, equal, index, fork):
    files = {path: data for path, data in RELEASES["8.1.0"].items() if path != INIT}
    (found, *_) = identify(fork(files, said), index)
    assert (found.release, found.equal) == (release, (equal,))


def test_a_commit_between_two_releases_began_from_the_one_that_it_says(index, fork):
    """It has two files of the next release already, and one that only the last one has."""
    files = {**RELEASES["8.1.2"], TAL: RELEASES["8.1.3"][TAL], NEW: RELEASES["8.1.3"][NEW], "ultralytics/own.py": b""}
    (found, *_) = identify(fork(files, "8.1.2"), index)
    assert (found.release, found.others) == ("8.1.2", (("8.1.3", 2),))
    first = certainty(found, None)[0]
    assert (
        first
        == f"{found.same} of its {len(RELEASES['8.1.2'])} files are as in the fork, {found.changed} changed, 0 missing"
    )
    assert "files of other releases are in it: 2 files of 8.1.3" in certainty(found, None)
    for said in ("8.1.3", "8.1.0", ""):
        (found, *_) = identify(fork(files, said), index)
        assert (found.release, found.others) == ("8.1.3", (("8.1.2", 1),))


def test_a_commit_with_most_files_of_the_next_release_is_told_to_be_on_the_way(index, fork):
    names = {path: RELEASES["8.1.3"][path] for path in (TAL, NEW)}
    files = {**RELEASES["8.1.2"], **names, "ultralytics/utils/own.py": b""}
    files = {**files, INIT: b'__version__ = "8.1.2.dev"\n'}
    found, next_best, *_ = identify(fork(files, "8.1.2"), index)
    assert (found.release, found.same, next_best.release, next_best.same) == ("8.1.2", 3, "8.1.3", 4)
    assert "it is of a commit on the way to 8.1.3, of which it has 4 files already" in certainty(found, next_best)


def test_a_fork_that_says_the_release_before_has_files_of_it_or_is_none(index, fork):
    (found, *_) = identify(fork(RELEASES["8.1.3"], "8.1.2"), index)
    assert (found.release, found.others) == ("8.1.3", ())


def test_files_of_other_releases_are_told(index, fork):
    files = {**RELEASES["8.1.2"], LOSS: RELEASES["8.0.9"][LOSS], NEW: RELEASES["8.1.3"][NEW], "ultralytics/a.py": b"a"}
    (found, *_) = identify(fork(files, "8.1.2"), index)
    assert (found.release, found.same, found.changed, found.added) == ("8.1.2", 4, 2, 1)
    assert found.others == (("8.1.3", 1), ("8.0.9", 1))


def test_a_fork_without_most_files_has_its_release(index, fork):
    (found, *_) = identify(fork({LOSS: RELEASES["8.1.3"][LOSS], TAL: RELEASES["8.1.3"][TAL]}), index)
    assert (found.release, found.same, found.missing) == ("8.1.3", 2, 4)


def test_what_is_no_fork_has_no_release(index, fork):
    assert identify(fork({LOSS: b"x = 1\n", "a.py": b""}, "8.1.3"), index) == ()


def test_a_new_release_changes_no_line_of_the_index_but_its_own():
    one, two = ({"a.py": {"x" * 11: range(n), "y" * 11: [0, 2]}} for n in (3, 4))
    before, after = files_text(["1.0", "1.1", "1.2"], one), files_text(["1.0", "1.1", "1.2", "1.3"], two)
    assert before.splitlines()[-2] == after.splitlines()[-2] == "x" * 11 + " 0-"
    assert after.splitlines()[-1] == "y" * 11 + " 0,2"
