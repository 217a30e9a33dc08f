"""A user's own catalog: its entries are used like ours, and a wrong entry is reported with its file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from yolopatch.catalog.environment.compat import compat_fixes_of
from yolopatch.catalog.environment.environments import sets_of
from yolopatch.catalog.environment.needs import needs_of
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS, find_pin, newest
from yolopatch.catalog.resources import manifest_file, patch_file, source_file, stamp_file
from yolopatch.errors import SourceError
from yolopatch.outside.git.command import GitError
from yolopatch.outside.git.snapshot import create, fetch_ref
from yolopatch.outside.own.own_catalog import load_own_catalog, own_catalog_dir, write_module, write_pin
from yolopatch.outside.source.pypi import download_version

OURS = PINS["ultralytics-8.3.0"]
OWN = replace(OURS, name="ultralytics-8.3.99", like=OURS.name)


@pytest.fixture
def ported(own_catalog):
    """The pin OWN, in the own catalog and registered."""
    write_pin(OWN, own_catalog)
    assert load_own_catalog(own_catalog) == ()
    return PINS[OWN.name]


def test_an_own_pin_is_what_was_written(ported, own_catalog):
    assert find_pin("ultralytics@8.3.99") == ported == replace(OWN, home=own_catalog)


def test_an_own_pin_has_the_families_of_its_release(own_catalog):
    write_pin(replace(OWN, others=("rtdetr",)), own_catalog)
    load_own_catalog(own_catalog)
    assert PINS[OWN.name].families == ("yolo11", "rtdetr")


def test_an_entry_without_families_has_those_of_the_pin_that_it_is_like(ported, own_catalog):
    file = own_catalog / "pins" / f"{OWN.name}.json"
    entry = json.loads(file.read_text())
    del entry["others"]
    file.write_text(json.dumps(entry))
    assert load_own_catalog(own_catalog) == ()
    assert PINS[OWN.name].others == OURS.others


def test_an_own_pins_files_lie_in_the_own_catalog(ported, own_catalog):
    assert manifest_file(ported.name) == own_catalog / "manifests" / "ultralytics-8.3.99.txt"
    assert patch_file(ported.name, "DSConv", "paper") == own_catalog / "patches" / ported.name / "DSConv-paper.patch"
    assert stamp_file(ported.name) == own_catalog / "patches" / ported.name / "stamp.patch"
    assert not patch_file(OURS.name, "DSConv", "paper").is_relative_to(own_catalog)


def test_an_own_pin_needs_what_the_one_that_it_is_like_needs(ported):
    assert [need.distribution for need in needs_of(ported)] == [need.distribution for need in needs_of(OURS)]
    assert not any(":" in need.where for need in needs_of(ported))  # the lines are the other's
    assert sets_of(ported) == sets_of(OURS)
    assert compat_fixes_of(ported) == ()


def test_a_bare_upstream_is_never_an_own_pin(ported):
    assert newest("ultralytics").name == "ultralytics-8.4.0"


def test_an_own_module_is_what_was_written(own_catalog):
    own = replace(MODULES["SPConv"], name="MyConv", source="myconv", tutorial=None)
    write_module(own, own_catalog)
    load_own_catalog(own_catalog)
    assert MODULES["MyConv"] == replace(own, home=own_catalog)
    assert source_file("myconv") == own_catalog / "modules" / "myconv.py"
    assert patch_file(OURS.name, "MyConv", "paper").is_relative_to(own_catalog)
    assert not source_file("spconv").is_relative_to(own_catalog)


def test_another_folder_takes_the_place_of_the_one_before(ported, tmp_path):
    load_own_catalog(tmp_path / "another")
    assert OWN.name not in PINS
    assert OURS.name in PINS


SOUND = {"name": "ultralytics-9", "like": OURS.name, "model": "yolo11", "block": "C3k2", "git": None, "wheel": None}
DAMAGED = {
    "no JSON": ("{", "it is not valid JSON"),
    "a key is missing": (json.dumps({"name": "ultralytics-9"}), "it has no 'like'"),
    "not the file's name": (json.dumps({**SOUND, "name": "ultralytics-10"}), "its name is 'ultralytics-10'"),
    "like no pin": (json.dumps({**SOUND, "like": "ultralytics-7"}), "'ultralytics-7', which is not a pin"),
    "another upstream": (json.dumps({**SOUND, "like": "yolov5-6.1"}), "does not start with yolov5-"),
    "a wheel of another form": (json.dumps({**SOUND, "wheel": {"name": "x"}}), "it has unknown keys: wheel.name"),
    "a list": ("[]", "it is not a JSON object"),
    "lists in lists": ("[" * 100_000, "it has too many lists or objects inside each other"),
    "not UTF-8": (b"\xff\xfe".decode("latin-1"), "codec can't decode"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_pin_is_named_and_the_others_are_there(name, ported, own_catalog):
    text, said = DAMAGED[name]
    file = own_catalog / "pins" / "ultralytics-9.json"
    file.write_bytes(text.encode("latin-1"))
    (note,) = load_own_catalog(own_catalog)
    assert note.startswith(f"{file} was skipped: ")
    assert said in note
    assert "ultralytics-9" not in PINS
    assert OWN.name in PINS


def test_no_own_entry_takes_the_place_of_ours(own_catalog):
    write_pin(replace(OURS, like=OURS.name, model="yolov8"), own_catalog)
    write_module(replace(MODULES["DSConv"], name="dsconv", source="evil", tutorial=None), own_catalog)
    notes = load_own_catalog(own_catalog)
    assert ["yolopatch already has" in note for note in notes] == [True, True]
    assert PINS[OURS.name] is OURS
    assert "dsconv" not in MODULES


@pytest.mark.parametrize("source", ["../evil", "a/b", ""])
def test_a_source_is_no_path(source, own_catalog):
    write_module(replace(MODULES["DSConv"], name="MyConv", source=source, tutorial=None), own_catalog)
    (note,) = load_own_catalog(own_catalog)
    assert "which is not a file name" in note


@pytest.mark.parametrize("call", ["", "MyConv", "MyConv(", "MyConv(c1); import os", "MyConv(os.getpid())", "a.b(c1)"])
def test_a_call_is_a_call(call, own_catalog):
    write_module(replace(MODULES["DSConv"], name="MyConv", source="own_myconv", call=call, tutorial=None), own_catalog)
    (note,) = load_own_catalog(own_catalog)
    assert "which is not a call of its class" in note


# Arguments of git and pip that run a program of somebody else's, and what else is no value of its field.
HOSTILE_PINS = {
    "an option of git": ({"git": {"url": "--upload-pack=touch ran", "tag": "v1"}}, "git.url"),
    "a program of git": ({"git": {"url": "ext::sh -c touch% ran", "tag": "v1"}}, "git.url"),
    "a folder": ({"git": {"url": "/tmp/evil.git", "tag": "v1"}}, "git.url"),
    "an option of ssh": ({"git": {"url": "ssh://-oProxyCommand=touch/x", "tag": "v1"}}, "git.url"),
    "two lines": ({"git": {"url": "https://example.org/a\nb", "tag": "v1"}}, "git.url"),
    "a tag that is an option": ({"git": {"url": "https://example.org/a", "tag": "--exec=x"}}, "git.tag"),
    "a tag with its own target": (
        {"git": {"url": "https://example.org/a", "tag": "v1:refs/heads/pristine"}},
        "git.tag",
    ),
    "a commit that is an option": ({"git": {"url": "https://example.org/a", "tag": "", "commit": "-x"}}, "git.commit"),
    "no tag and no commit": ({"git": {"url": "https://example.org/a", "tag": ""}}, "no tag and no commit"),
    "a project that is a folder": (
        {"wheel": {"project": "./evil", "version": "1", "sha256": "0" * 64}},
        "wheel.project",
    ),
    "a project that is an address": (
        {"wheel": {"project": "git+https://example.org/x", "version": "1", "sha256": "0" * 64}},
        "wheel.project",
    ),
    "a project that is an option": ({"wheel": {"project": "-r", "version": "1", "sha256": "0" * 64}}, "wheel.project"),
    "a version that is an address": (
        {"wheel": {"project": "x", "version": "1 @ ./evil", "sha256": "0" * 64}},
        "version",
    ),
    "no sum": ({"wheel": {"project": "x", "version": "1", "sha256": ""}}, "wheel.sha256"),
    "a name that is a path": ({"name": "ultralytics-../../x"}, "its name"),
    "a model that there is not": ({"model": ["yolo11"]}, "its model"),
    "a number": ({"like": 8}, "its like"),
    "a block of its own": ({"block": "C9"}, "its block"),
    "a family that there is not": ({"others": ["yolo99"]}, "its others"),
    "git in a word": ({"git": "https://example.org/a"}, "its git"),
}


@pytest.mark.parametrize("name", HOSTILE_PINS)
def test_a_hostile_pin_is_skipped_with_the_field(name, own_catalog):
    changed, said = HOSTILE_PINS[name]
    (own_catalog / "pins").mkdir(parents=True)
    (own_catalog / "pins" / "ultralytics-9.json").write_text(json.dumps({**SOUND, **changed}))
    (note,) = load_own_catalog(own_catalog)
    assert said in note
    assert PINS.keys() == {pin for pin in PINS if not PINS[pin].home}


HOSTILE_MODULES = {
    "name": "My Conv",
    "bare": "MyConv(nn.Module): pass #",
    "conv": "import os",
    "symbol": 3,
    "helpers": ["a-b"],
    "paper": "A paper\nYolopatch-Pin: another",
    "tutorial": {"id": "x", "pin": "y", "model": "z", "placement": "all"},
    "requires": [["__import__('os').getpid() == 1", "nothing"]],
    "kernels": [3, "3"],
    "strides": [True],
    "least_inputs": 10**12,
    "tail": "{k.__class__}",
    "printed_tail": "{k:99999999999}",
    "kind": "concat",
}


@pytest.mark.parametrize("field", HOSTILE_MODULES)
def test_a_hostile_module_is_skipped_with_the_field(field, own_catalog):
    file = write_module(replace(MODULES["SPConv"], name="MyConv", source="own_myconv", tutorial=None), own_catalog)
    file.write_text(json.dumps({**json.loads(file.read_text()), field: HOSTILE_MODULES[field]}))
    (note,) = load_own_catalog(own_catalog)
    assert f"its {field} is " in note
    assert "MyConv" not in MODULES


def test_words_of_a_rule_cannot_end_the_text_that_they_stand_in(own_catalog):
    requires = (("k == 3", 'a kernel"; import os; "'),)
    own = replace(MODULES["SPConv"], name="MyConv", source="own_myconv", tutorial=None, requires=requires)
    write_module(own, own_catalog)
    (note,) = load_own_catalog(own_catalog)
    assert "its requires is " in note


@pytest.mark.parametrize("url", ["--upload-pack=touch ran; false", "ext::sh -c touch% ran"])
def test_git_runs_nothing_that_an_address_names(url, tmp_path):
    repository = create(tmp_path / "pin.git")
    with pytest.raises(GitError):
        fetch_ref(repository, url, "refs/tags/v1")
    assert not (repository.path / "ran").exists()


def test_pip_takes_no_project_for_an_option(tmp_path):
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "evil.txt==1").write_text(f"{evil}\n")
    with pytest.raises(SourceError):
        download_version("--requirement=evil.txt", "1", tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_command_tells_what_is_damaged_and_goes_on(own_catalog, yolopatch):
    (own_catalog / "pins").mkdir(parents=True)
    (own_catalog / "pins" / "ultralytics-9.json").write_text("{")
    ran = yolopatch("list", "pins", "--json")
    assert ran.code == 0
    assert len(ran.json["pins"]) == 5
    assert "ultralytics-9.json was skipped" in ran.err


def test_help_reads_no_own_catalog(own_catalog, yolopatch):
    (own_catalog / "pins").mkdir(parents=True)
    (own_catalog / "pins" / "ultralytics-9.json").write_text("{")
    assert yolopatch("apply", "--help").err == ""


def test_the_folder_is_the_users_choice(monkeypatch, tmp_path):
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(tmp_path))
    assert own_catalog_dir() == tmp_path
    monkeypatch.delenv("YOLOPATCH_CATALOG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert own_catalog_dir() == tmp_path / "config" / "yolopatch"


@pytest.mark.parametrize("call", ["MyConv" + ".a" * 800 + "()", "(" * 300 + ")" * 300, "-" * 9000 + "x()", "a\0()"])
def test_a_call_that_python_cannot_read_is_reported(call, own_catalog):
    own = replace(MODULES["DSConv"], name="MyConv", source="own_myconv", call=call, tutorial=None)
    write_module(own, own_catalog)
    (note,) = load_own_catalog(own_catalog)
    assert "its call is " in note


WRONG_TYPES = [None, 5, 1.5, True, [], {}, [1], "", "\x1b[31m", "a" * 5000, {"a": [1]}, [["a"]]]


@pytest.mark.parametrize("value", WRONG_TYPES, ids=lambda value: repr(value)[:20])
def test_a_wrong_type_anywhere_in_an_entry_ends_no_command(value, own_catalog, yolopatch):
    write_pin(OWN, own_catalog)
    write_module(replace(MODULES["DSConv"], name="MyConv", source="own_myconv"), own_catalog)
    files = [own_catalog / "pins" / f"{OWN.name}.json", own_catalog / "modules" / "MyConv.json"]
    for file in files:
        sound = file.read_text()
        for key in json.loads(sound):
            file.write_text(json.dumps({**json.loads(sound), key: value}))
            load_own_catalog(own_catalog)
            for what in ("modules", "pins"):
                assert yolopatch("list", what).code == 0, key
        file.write_text(sound)


def test_a_user_without_a_home_folder_has_no_catalog_and_is_told_where_to_have_one(monkeypatch, yolopatch):
    def expand(path):  # as of a user who is in no list of users, without HOME
        return path

    monkeypatch.setattr("os.path.expanduser", expand)
    for variable in ("HOME", "YOLOPATCH_CATALOG", "YOLOPATCH_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    assert yolopatch("list", "pins").code == 0
    for arguments, variable in (
        (["apply", "--repo", OURS.name, "--module", "DSConv"], "YOLOPATCH_CACHE"),
        (["forget", "MyConv"], "YOLOPATCH_CATALOG"),
    ):
        ran = yolopatch(*arguments)
        assert ran.code == 1
        assert f"export {variable}=DIR" in ran.err
