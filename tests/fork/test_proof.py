"""Prove a rebuilt model in children of its own: what comes out, and how a child that does not answer is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from yolopatch.core.fork.tree import ForkTree
from yolopatch.outside.probe import listen as listening
from yolopatch.outside.probe.fork import ask_model
from yolopatch.steps.adopt.proof import Rebuilt, build_fork, prove
from yolopatch.wire.fork.models import CFG as NO_MODEL
from yolopatch.wire.fork.models import CRASH, OWN_FILE, TOO_LARGE, TOO_LONG, Built, ForkModelRequest, Unbuilt

from .small_upstream import CFG, FILES, build_all, changed, write


def _fork(files: dict[str, str], **beside: int) -> ForkTree:
    return ForkTree("Fork", "ultralytics", {path: text.encode() for path, text in files.items()}, beside, "8.2.50")


def _build(files: dict[str, str], cfg: str = CFG, patience: float = 200.0, **beside: int) -> Built | Unbuilt:
    fork = _fork(files, **beside)
    return build_fork(fork, "models/fork.yaml", cfg, scale="", python=sys.executable, patience=patience)


def _ask(tree: Path, **changes) -> Built | Unbuilt:
    (tree / "fork.yaml").write_text(CFG)
    request = ForkModelRequest(str(tree), "ultralytics", str(tree / "fork.yaml"), "", 64)
    return ask_model(request, python=sys.executable, **changes)


def _at_import(code: str) -> dict[str, str]:
    return {**FILES, "ultralytics/__init__.py": f"{FILES['ultralytics/__init__.py']}{code}\n"}


@pytest.mark.slow
def test_a_fork_that_imports_too_much_is_told_and_is_proved_nevertheless(tmp_path):
    """Its model is built without the package; so is the rebuilt one, which has another name for a class."""
    files = _at_import("import timm\nimport einops")
    fork = _build(files)
    tree = write(tmp_path / "tree", FILES)
    (tree / "rebuilt.yaml").write_text(CFG)
    proof = prove(fork, Rebuilt(tree, "ultralytics", tree / "rebuilt.yaml"), python=sys.executable)
    assert not proof.builds
    assert proof.why == "ultralytics/__init__.py:2 imports timm, and timm is not installed; 1 more is missing"
    assert proof.hint == "install what it imports: pip install timm einops"
    assert proof.agreement.same
    assert "bit by bit" in proof.agreement.what


@pytest.mark.slow
def test_a_rebuilt_model_has_the_asked_scale_where_the_forks_own_does_not_build(tmp_path):
    fork = _build(_at_import("raise OSError('no GPU')"))
    assert isinstance(fork, Unbuilt)
    tree = write(tmp_path / "tree", FILES)
    (tree / "rebuilt.yaml").write_text(f"scales:\n  n: [1, 1, 64]\n  l: [1, 2, 64]\n{CFG}")
    rebuilt = Rebuilt(tree, "ultralytics", tree / "rebuilt.yaml")
    scales = [prove(fork, rebuilt, python=sys.executable, scale=letter).rebuilt.scale for letter in ("", "l")]
    assert scales == ["n", "l"]


@pytest.mark.slow
def test_a_package_that_lies_beside_the_fork_is_no_package_to_install():
    found = _build(_at_import("import vmamba"), **{"code/vmamba/__init__.py": 10})
    (lack,) = found.absent
    assert (lack.reason, lack.install) == (OWN_FILE, "")
    assert "which the fork has in code/vmamba/__init__.py" in lack.what


_LOOP = [f"ultralytics/__init__.py:{line} in <module>" for line in (2, 3)]


@pytest.mark.slow
def test_an_endless_import_is_stopped_and_its_line_is_named():
    found = _build(_at_import("while True:\n    pass"), patience=25.0)
    assert (found.reason, found.at in _LOOP) == (TOO_LONG, True)
    assert found.why == f"it did nothing new for 25 s and was stopped at {found.at}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory a process holds")
def test_a_fork_that_fills_the_memory_is_stopped(tmp_path, monkeypatch):
    """The limit is three quarters of the machine's memory; here it is less than importing torch takes."""
    monkeypatch.setattr(listening, "most_memory", lambda: 60 * 2**20)
    found = _ask(write(tmp_path, FILES))
    assert (found.reason, found.why.startswith("it held more than 0.1 GB of memory")) == (TOO_LARGE, True)


@pytest.mark.slow
def test_a_fork_that_ends_its_process_without_a_word_is_told(tmp_path):
    found = _ask(write(tmp_path, _at_import("import os\nos._exit(0)")))
    assert (found.reason, "ended with exit code 0 before the model was built" in found.why) == (CRASH, True)


@pytest.mark.slow
def test_nothing_is_written_into_the_tree_and_its_author_s_settings_are_not_read(tmp_path, fingerprint):
    code = "import os\nprint(os.environ['HOME'])\nopen(os.path.expanduser('~/seen'), 'w')"
    tree = write(tmp_path / "tree", _at_import(code))
    (tree / "fork.yaml").write_text(CFG)
    before = fingerprint(tree)
    assert isinstance(_ask(tree), Built)
    assert fingerprint(tree) == before


_CFGS = {
    "a list": "- 1\n",
    "no head": CFG.partition("head:")[0],
    "no file for parse_model": "nc: 3\n",
    "too few arguments": CFG.replace("Conv, [8, 3, 2]", "Conv, []"),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork a process")
def test_a_file_that_is_no_model_is_told(shared):
    found = build_all(shared / "no-models", {name: {**FILES, "cfg": cfg} for name, cfg in _CFGS.items()})
    assert {name: one.reason for name, one in found.items()} == {
        "a list": NO_MODEL,
        "no head": NO_MODEL,
        "no file for parse_model": NO_MODEL,
        "too few arguments": "code",
    }
    assert found["no head"].why == "no head.yaml is no model YAML: it has no head"
    assert found["too few arguments"].why.startswith("layer 0 (Conv): parse_model could not make its arguments from []")


@pytest.mark.slow
def test_a_model_that_needs_a_larger_image_gets_one():
    larger = changed(
        modules=("return torch.relu(", "assert x.shape[-1] >= 64\n        return torch.relu("),
        tasks=("self(torch.zeros(1, ch, 64, 64))", "self(torch.zeros(1, ch, 256, 256))"),
    )
    found = _build(larger)
    assert isinstance(found, Built)
    assert found.imgsz == 256
