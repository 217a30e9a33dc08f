"""`yolopatch forget`: a module leaves the user's own catalog, and every workspace keeps it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from yolopatch.errors import EXIT_ACT, EXIT_USAGE
from yolopatch.outside.files import staging

from .conftest import PASTED

PIN = "ultralytics-8.3.0"


@pytest.fixture
def catalog(yolopatch, own_catalog):
    """A catalog with two modules."""
    for name in ("SimpleGate", "PConvLite"):
        assert yolopatch("add", PASTED / f"{name}.py").code == 0
    return own_catalog


def _files(catalog) -> list[str]:
    return sorted(file.name for file in (catalog / "modules").iterdir())


def test_a_module_and_its_file_are_gone_and_the_name_is_free(catalog, yolopatch):
    ran = yolopatch("forget", "simple-gate")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("removed  SimpleGate\n")
    assert str(catalog / "modules" / "own_simplegate.py") in ran.out
    assert _files(catalog) == ["PConvLite.json", "own_pconvlite.py"]
    assert "SimpleGate" not in yolopatch("list", "modules").out
    ran = yolopatch("render-cfg", "--module", "SimpleGate", "--model", "yolo11", "--out", catalog)
    assert (ran.code, "unknown module 'SimpleGate'" in ran.err) == (EXIT_USAGE, True)
    assert yolopatch("add", PASTED / "SimpleGate.py").out.startswith("added")


def test_a_workspace_that_has_it_is_named_and_goes_on(catalog, yolopatch, need_pin, tmp_path, monkeypatch):
    need_pin(PIN)
    monkeypatch.chdir(tmp_path)
    for place in ("mine", "other"):
        module = "SimpleGate" if place == "mine" else "PConvLite"
        assert yolopatch("apply", "--repo", PIN, "--module", module, "--dest", place).code == 0
    ran = yolopatch("forget", "SimpleGate", "--json")
    assert ran.json == {
        "module": "SimpleGate",
        "catalog": str(catalog),
        "files": [str(catalog / "modules" / name) for name in ("SimpleGate.json", "own_simplegate.py")],
        "workspaces": [str(tmp_path / "mine")],
    }
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", "mine", "--json")
    assert [one["name"] for one in ran.json["modules"]] == ["SimpleGate", "SPConv"]
    monkeypatch.chdir(tmp_path / "other" / "ultralytics")
    assert f"still in {tmp_path / 'other'}" in yolopatch("forget", "Conv_PConvLite").out


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("DSConv", "DSConv is a module of yolopatch, which stays", "yolopatch remove --module DSConv WORKSPACE"),
        ("C3k2_RefConv", "RefConv is a module of yolopatch", "yolopatch remove --module RefConv WORKSPACE"),
        ("SimpelGate", "unknown module of your own 'SimpelGate'", "did you mean SimpleGate?"),
        ("../pins/x", "unknown module of your own '../pins/x'", "yolopatch list modules"),
        (PIN, f"unknown module of your own '{PIN}'", "yolopatch list modules"),
    ],
)
def test_a_name_that_the_catalog_does_not_have(name, said, hint, catalog, yolopatch, fingerprint):
    before = fingerprint(catalog)
    ran = yolopatch("forget", name)
    assert ran.code == EXIT_USAGE
    assert said in ran.err
    assert "PConvLite, SimpleGate" in ran.err
    assert f"next: {hint}" in ran.err or f"{hint}\n" in ran.err
    assert fingerprint(catalog) == before


def test_an_empty_catalog(yolopatch, own_catalog):
    ran = yolopatch("forget", "SimpleGate", "--json")
    assert (ran.code, ran.json["exit_code"]) == (EXIT_USAGE, EXIT_USAGE)
    assert "has no module" in ran.json["error"]["what"]
    assert "--catalog" in ran.json["error"]["hint"]
    assert not own_catalog.exists()


@pytest.mark.parametrize("entry", ["{", "[]", "{}", '{"source": "../../x"}', '{"source": 3}'])
def test_a_damaged_entry_can_be_removed(entry, catalog, yolopatch):
    (catalog / "modules" / "SimpleGate.json").write_text(entry)
    ran = yolopatch("forget", "SimpleGate")
    assert ran.code == 0, ran.err
    assert "SimpleGate.json was skipped" in ran.err
    assert _files(catalog) == ["PConvLite.json", "own_pconvlite.py"]
    assert yolopatch("list", "modules").err == ""


def test_an_entry_that_names_the_file_of_another_takes_only_itself(catalog, yolopatch):
    entry = catalog / "modules" / "SimpleGate.json"
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "source": "own_pconvlite"}))
    assert yolopatch("forget", "SimpleGate").code == 0
    assert _files(catalog) == ["PConvLite.json", "own_pconvlite.py", "own_simplegate.py"]


def test_an_entry_with_the_name_of_one_of_yolopatchs_can_be_removed(catalog, yolopatch):
    (catalog / "modules" / "DSConv.json").write_text("{}")
    assert yolopatch("forget", "DSConv").code == 0
    assert "DSConv.json" not in _files(catalog)


def test_another_catalog(catalog, yolopatch, tmp_path):
    other = tmp_path / "shared"
    assert yolopatch("add", PASTED / "SimpleGate.py", "--catalog", other).code == 0
    assert yolopatch("forget", "SimpleGate", "--catalog", other).code == 0
    assert (_files(other), len(_files(catalog))) == ([], 4)


@pytest.mark.parametrize("at", [1, 2])
def test_a_module_of_which_a_file_cannot_be_removed_stays_whole_and_is_removed_by_the_next(
    at, catalog, yolopatch, fingerprint, monkeypatch
):
    before, real, tried = fingerprint(catalog), staging.move, []

    def refuse(file: Path, target: Path) -> None:
        tried.append(file)
        if len(tried) == at:
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        real(file, target)

    with monkeypatch.context() as patched:
        patched.setattr(staging, "move", refuse)
        ran = yolopatch("forget", "SimpleGate")
    assert (ran.code, "cannot remove SimpleGate from your own catalog" in ran.err) == (EXIT_ACT, True)
    assert "nothing was changed" in ran.err
    assert f"next: check the permissions of {catalog / 'modules'}" in ran.err
    assert fingerprint(catalog) == before
    assert yolopatch("forget", "SimpleGate").code == 0
    assert _files(catalog) == ["PConvLite.json", "own_pconvlite.py"]


def test_a_forget_that_was_killed_half_way_is_finished_by_the_same_command(catalog, yolopatch):
    real = staging.move

    def killed(file: Path, target: Path) -> None:
        real(file, target)
        os._exit(9)

    child = os.fork()
    if not child:
        staging.move = killed
        yolopatch("forget", "SimpleGate")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len([name for name in _files(catalog) if not name.startswith(".")]) == 3
    assert yolopatch("forget", "SimpleGate").code == 0
    assert [name for name in _files(catalog) if not name.startswith(".")] == ["PConvLite.json", "own_pconvlite.py"]
