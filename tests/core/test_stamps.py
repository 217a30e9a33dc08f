"""The stamp's places and data: where they say, and what the workspace is."""

from __future__ import annotations

import ast

import pytest

from yolopatch.catalog.checkpoint.stamps import STAMP_LINES, Entry, StampLine
from yolopatch.catalog.environment.fix_patches import COMPAT, FIX_PATCHES, SEEDS, FixPatch
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import fork_source
from yolopatch.core.code.anchors import AnchorNotFound
from yolopatch.core.patch.stamping import stamp_changes
from yolopatch.core.text import commit_id, tree_id
from yolopatch.core.workspace.commit_message import Committed, fix_message, read_fix_patch, read_stamp
from yolopatch.core.workspace.fork_file import fork_data, fork_path, with_data
from yolopatch.errors import PatchError
from yolopatch.outside.git.command import Repository
from yolopatch.wire.checkpoint_keys import STAMP

PIN = PINS["ultralytics-8.3.0"]
PLACE = StampLine("a.py", Entry(("k",)), "y = 2")


def test_every_pin_is_named():
    assert list(STAMP_LINES) == list(PINS)


@pytest.mark.parametrize("pin", PINS)
def test_every_file_that_writes_checkpoints_gets_the_key_once_and_the_import(pin):
    for path in {place.path for place in STAMP_LINES[pin]}:
        key, imported = sorted((p.line for p in STAMP_LINES[pin] if p.path == path), key=lambda line: STAMP not in line)
        assert key.startswith((f'"{STAMP}": stamp(', f"'{STAMP}': stamp("))
        module = fork_path(PINS[pin]).removesuffix(".py").replace("/", ".")
        assert imported == f"from {module} import stamp"


@pytest.mark.parametrize(("text", "found"), [("x = 2\n", "none"), ("d = {'k': 1,\n}\ne = {'k': 2,\n}\n", "2")])
def test_a_place_that_is_not_there_once_is_refused(text, found):
    with pytest.raises(
        AnchorNotFound, match=r"a\.py: no position for the lines of yolopatch: the dict of a checkpoint"
    ) as caught:
        stamp_changes(PIN, [PLACE], "", {"a.py": text})
    assert caught.value.details[1] == f"found:    {found}"


def test_a_line_has_the_margin_of_the_one_above():
    _, added = stamp_changes(PIN, [PLACE], "", {"a.py": "if x:\n\ty = {\n\t\t'k': 1,\n\t}\nz = 3\n"})
    assert (added.at, added.text, added.replaces) == (3, "\t\ty = 2\n", 0)


def test_the_data_is_one_line_and_comes_back():
    source = fork_source().read_text()
    data = {"pin": "a'b\"c", "modules": [{"name": "x"}], "compat": None}
    text = with_data(source, data)
    assert len(text.splitlines()) == len(source.splitlines())
    (line,) = (line for line in text.splitlines() if line.startswith("FORK = "))
    assert ast.literal_eval(line.removeprefix("FORK = ")) == data
    with pytest.raises(PatchError, match="has no line for the data of the workspace"):
        with_data(text, data)


@pytest.mark.parametrize("pin", PINS)
def test_the_data_is_what_status_says(pin, full_workspace, compat_option, yolopatch, git_in):
    place = full_workspace(pin)
    told = yolopatch("status", place, "--json").json
    text = (place / fork_path(PINS[pin])).read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("FORK = "))
    data = ast.literal_eval(line.removeprefix("FORK = "))
    assert data.pop("built_on") == git_in(place, "rev-parse", "HEAD~1").strip(), "computed before git made it"
    assert [(m["name"], m["flavor"]) for m in data["modules"]] == [(m["name"], m["flavor"]) for m in told["modules"]]
    sums = git_in(place, "log", "--reverse", "--format=%(trailers:key=Yolopatch-Patch,valueonly,separator=)").split()
    assert [f"sha256:{m['patch']}" for m in data.pop("modules")] == sums
    assert bool(data.pop("compat")) == bool(compat_option(pin))
    assert data == {"pin": pin, "source": told["source"], "version": told["version"]}


def test_ids_are_gits(tmp_path, git_in):
    """Names that git sorts as with a slash, one that is no UTF-8, a folder in a folder, modes."""
    git_in(tmp_path, "init", "-q")
    for name in ("a.py", "a/b/c", "a/b.c", "a0", "z", "\udcff"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("content")
    (tmp_path / "z").chmod(0o755)
    git_in(tmp_path, "add", ".")
    for message in ("one", "two\n\nBödy\n"):
        git_in(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
    files = {entry.path: (entry.mode, entry.blob) for entry in Repository(tmp_path).entries("HEAD")}
    tree, parent, head = git_in(tmp_path, "rev-parse", "HEAD^{tree}", "HEAD~1", "HEAD").split()
    assert tree_id(files) == tree
    who = git_in(tmp_path, "log", "-1", "--format=%an <%ae> %ad", "--date=raw").strip()
    assert commit_id(tree, parent, who, "two\n\nBödy\n") == head


# Byte for byte: these texts are in the ids of the commits that papers cite.
_MESSAGES = {
    COMPAT: "Run on newer libraries\n\n"
    "Mends what they break, for old and new ones alike. What is computed stays the same.\n\n"
    "Yolopatch-Pin: ultralytics-8.3.0\nYolopatch-Compat: sha256:abc\nYolopatch-Version: 0.1.0\n",
    SEEDS: "Let the seed reach the workers\n\n"
    "Images are loaded in another order and augmented in another way for another seed, as with newer releases.\n\n"
    "Yolopatch-Pin: ultralytics-8.3.0\nYolopatch-Seeds: sha256:abc\nYolopatch-Version: 0.1.0\n",
}


@pytest.mark.parametrize("patch", FIX_PATCHES, ids=lambda patch: patch.name)
def test_the_message_of_a_fix_patch_stays_as_it_is_and_is_read_back(patch):
    made = Committed("abc", "0.1.0")
    assert fix_message(PIN.name, patch, made) == _MESSAGES[patch]
    assert read_fix_patch(_MESSAGES[patch]) == (patch, made)
    assert read_stamp(_MESSAGES[patch]) is None


def test_the_data_of_a_stamp_stay_as_they_are_where_there_is_no_new_patch():
    made = Committed("abc", "0.1.0")

    def data(*patches: FixPatch) -> str:
        return repr(fork_data(PIN, "pypi", [], dict.fromkeys(patches, made), "0.1.0", "c0"))

    start, end = (
        "{'pin': 'ultralytics-8.3.0', 'source': 'pypi', 'modules': [], ",
        "'version': '0.1.0', 'built_on': 'c0'}",
    )
    assert data() == f"{start}'compat': None, {end}"
    assert data(COMPAT) == f"{start}'compat': 'abc', {end}"
    assert data(SEEDS, COMPAT) == f"{start}'compat': 'abc', 'seeds': 'abc', {end}"
    assert data(SEEDS) == f"{start}'compat': None, 'seeds': 'abc', {end}"
