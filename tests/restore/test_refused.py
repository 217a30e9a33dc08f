"""What `restore` refuses: with a message, an exact exit code, and nothing on disk that was not there before."""

from __future__ import annotations

import datetime
import os
import pickle
import shutil
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest

from yolopatch import __version__

from .conftest import PIN

MODEL = "ultralytics.nn.tasks.DetectionModel"
NN = "ultralytics.nn.modules"
UNSTAMPED = (MODEL, f"{NN}.conv.Conv", f"{NN}.refconv.Conv_RefConv")


@pytest.fixture
def refused(yolopatch, tmp_path, fingerprint):
    """Restore a file, which is refused; returns what was said."""

    def call(file: Path, *arguments: object, code: int = 1) -> str:
        before = fingerprint(tmp_path)
        ran = yolopatch("restore", file, "--dest", tmp_path / "there" / "deep", *arguments)
        assert ran.code == code, ran.out + ran.err
        assert fingerprint(tmp_path) == before
        assert "next: " in ran.err
        return ran.err

    return call


def _write(file: Path, pickled: bytes) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    return file


def _asking(file: Path, *names: str, version: str | None = None) -> Path:
    """A checkpoint without a stamp whose model is made of these classes."""
    made = [b"c%s\n%s\n)\x81" % tuple(part.encode() for part in name.rsplit(".", 1)) for name in names]
    entries = b"X\x05\x00\x00\x00model" + made[0] + b"s" + b"X\x04\x00\x00\x00rest](" + b"".join(made) + b"es"
    if version:
        entries += b"X\x07\x00\x00\x00versionX%s%ss" % (len(version).to_bytes(4, "little"), version.encode())
    return _write(file, b"\x80\x02}" + entries + b".")


def test_no_such_file(refused, tmp_path):
    assert "best.pt does not exist" in refused(tmp_path / "best.pt")
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"epoch,loss\n1,2\n", "it is text, such as a YAML or a script"),
        (pickle.dumps({"epoch": 1}), "does not start like a file of torch 1.6 or later"),
        (b"PK\x03\x04 and no more", "it is cut short or damaged"),
    ],
)
def test_no_checkpoint(content, said, refused, tmp_path):
    (tmp_path / "best.pt").write_bytes(content)
    told = refused(tmp_path / "best.pt")
    assert "best.pt is not a checkpoint of upstream" in told
    assert said in told


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_file_that_is_cut_short(part, refused, checkpoint, said):
    file = checkpoint({"yolopatch": said, "rest": list(range(10_000))})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    assert "it is cut short or damaged" in refused(file)


def test_bytes_that_were_changed(refused, checkpoint):
    file = checkpoint({"rest": "x" * 1000})
    file.write_bytes(file.read_bytes().replace(b"xxxx", b"xxxy", 1))
    assert "Bad CRC-32" in refused(file)


@pytest.mark.parametrize(
    ("pickled", "said"),
    [
        (b"\x80\x02}q", "its data.pkl cannot be read"),
        (pickle.dumps([1, 2]), "it holds a list, and a checkpoint is a dict"),
        (b"cultralytics.nn.tasks\nDetectionModel\n)\x81.", "it holds a ultralytics.nn.tasks.DetectionModel"),
        (b"(" * 100_000 + b".", "its data.pkl cannot be read"),
    ],
)
def test_a_pickle_that_is_none_of_upstreams(pickled, said, refused, tmp_path):
    assert said in refused(_write(tmp_path / "best.pt", pickled))


def test_archives_that_are_no_checkpoint(refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "model.torchscript", "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps({}))
        archive.writestr("model/constants.pkl", pickle.dumps(()))
    assert "it is TorchScript" in refused(tmp_path / "model.torchscript")
    with zipfile.ZipFile(tmp_path / "two.pt", "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}))
        archive.writestr("b/data.pkl", pickle.dumps({}))
    assert "an archive with 2 files data.pkl" in refused(tmp_path / "two.pt")


def test_a_checkpoint_without_a_stamp_says_what_made_it_and_what_it_needs(refused, tmp_path):
    told = refused(_asking(tmp_path / "best.pt", *UNSTAMPED, version="8.3.0"))
    assert "best.pt has no stamp" in told
    assert "upstream: ultralytics 8.3.0" in told
    assert "classes that yolopatch adds: Conv_RefConv" in told
    assert "yolopatch apply --repo ultralytics-8.3.0 --module RefConv" in told


@pytest.mark.parametrize(
    ("names", "version", "said"),
    [
        (
            ["ultralytics.nn.tasks.DetectionModel"],
            "8.3.0",
            "needs no module of yolopatch: ultralytics 8.3.0 itself can load",
        ),
        (
            ["ultralytics.nn.tasks.DetectionModel"],
            "8.1.0",
            "yolopatch has no pin of that version; its pins: ultralytics-8.2.50",
        ),
        (["ultralytics.nn.tasks.DetectionModel"], None, "unknown version"),
        (["models.yolo.Model", "models.common.Conv_SPConv"], None, "yolopatch apply --repo yolov5-6.1 --module SPConv"),
        (["yolov5.models.yolo.Model", "yolov5.models.common.DSConv"], None, "--repo yolov5-pypi-6.1.0 --module DSConv"),
        (["torchvision.models.resnet.ResNet"], None, "has no class of ultralytics or yolov5"),
        ([MODEL, "__main__.Gate"], "8.3.0", "classes of the training script: Gate"),
        ([MODEL, "__main__.Gate"], "8.1.0", "only that script can load the file"),
        ([MODEL, "timm.layers.drop.DropPath"], "8.3.0", "neither of upstream nor of torch: timm.layers.drop.DropPath"),
        ([MODEL, f"{NN}.block.MyGate", "posix.system"], "8.3.0", "do it only if you know who wrote the file"),
    ],
)
def test_other_checkpoints_without_a_stamp(names, version, said, refused, tmp_path):
    assert said in refused(_asking(tmp_path / "best.pt", *names, version=version))


@pytest.mark.parametrize(
    ("pin", "names", "version", "said"),
    [
        ("ultralytics-8.3.0", [MODEL, f"{NN}.block.C3k2"], "8.3.0", "ultralytics 8.3.0 itself can load it\n"),
        ("ultralytics-8.3.0", [MODEL, f"{NN}.block.MyGate"], "8.3.0", f"not in ultralytics 8.3.0: {NN}.block.MyGate"),
        (
            "ultralytics-8.3.0",
            [MODEL, "ultralytics.nn.extra.MyGate"],
            "8.3.0",
            "only the copy of ultralytics 8.3.0 that trained it has the code of these classes",
        ),
        (
            "ultralytics-8.2.50",
            [MODEL, f"{NN}.block.SPPELAN", f"{NN}.block.C3k2"],
            "8.2.50",
            f"not in ultralytics 8.2.50: {NN}.block.C3k2\n",
        ),
        ("yolov5-6.1", ["models.yolo.Model", "models.common.CBAM"], None, "not in yolov5 6.1: models.common.CBAM"),
    ],
)
def test_a_class_that_upstream_does_not_have_is_of_a_changed_copy(
    pin, names, version, said, need_pin, refused, tmp_path
):
    need_pin(pin)
    assert said in refused(_asking(tmp_path / "best.pt", *names, version=version))


def test_a_state_dict_without_a_model(refused, checkpoint):
    told = refused(checkpoint(OrderedDict({"model.0.conv.weight": 1.0})))
    assert "it holds tensors but no model; its entries: model.0.conv.weight" in told


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"built_on": None}, "built_on: found"),
        ({"built_on": "12"}, "built_on: found"),
        ({"modules": None}, "modules: found"),
        ({"modules": ["RefConv"]}, "modules: found"),
        ({"commit": "x\x1b[2J"}, "commit: found"),
        ({"pin": "; rm -rf /"}, "pin: found"),
        ({"version": 3}, "version: found"),
        ({"edited": {}}, "edited: found"),
    ],
)
def test_a_damaged_stamp(change, found, refused, checkpoint, said):
    told = refused(checkpoint({"yolopatch": {**said, **change}}))
    assert "the checkpoint's stamp is damaged" in told
    assert found in told
    assert "\x1b[2J" not in told


@pytest.mark.parametrize("data", ["a text", [1], datetime.date(2026, 1, 1), 7])
def test_something_else_under_the_key(data, refused, checkpoint):
    assert "the checkpoint's stamp is damaged" in refused(checkpoint({"yolopatch": data}))


def test_a_stamp_that_is_endless(refused, checkpoint):
    doubled: list = []
    for _ in range(60):
        doubled = [doubled, doubled]
    assert "its stamp" in refused(checkpoint({"yolopatch": {"yaml": doubled}}))


@pytest.mark.parametrize(("key", "name"), [("pin", "ultralytics-9.9.9"), ("module", "RefKonv"), ("flavor", "lemon")])
@pytest.mark.parametrize("version", [__version__, "99.0"])
def test_what_this_yolopatch_does_not_know(key, name, version, refused, checkpoint, said):
    said = {**said, "version": version}
    if key == "pin":
        said["pin"] = name
    else:
        said["modules"][0]["name" if key == "module" else key] = name
    told = refused(checkpoint({"yolopatch": said}))
    assert f"the checkpoint's stamp names an unknown {key}, {name}" in told
    if version != __version__:
        assert "restore the checkpoint with yolopatch 99.0" in told
    elif key != "module":
        assert "the stamp was changed" in told
    assert ("yolopatch add FILE.py --name RefKonv" in told) == (key == "module")


def test_patches_that_no_workspace_has(refused, checkpoint, said):
    for change in ({"modules": said["modules"] * 2}, {"modules": []}, {"compat": "0" * 64}):
        told = refused(checkpoint({"yolopatch": {**said, **change}}))
        assert "names a set of patches that no workspace can have" in told


def test_another_patch_of_a_module(refused, checkpoint, said):
    here = said["modules"][1]["patch"]
    said["modules"][1]["patch"] = "0" * 64
    told = refused(checkpoint({"yolopatch": said}))
    assert "the checkpoint's workspace cannot be rebuilt exactly; nothing was changed" in told
    assert f"the patch of RefConv (paper): {'0' * 12} in the checkpoint, {here[:12]} here" in told
    assert "DSConv (tutorial): " not in told
    assert "--flavor paper --module RefConv" in told, "what is nearest"
    assert "--flavor tutorial --module DSConv" in told


def test_a_newer_yolopatch_whose_patches_differ(refused, checkpoint, said):
    said = {**said, "version": "99.0"}
    said["modules"][0]["patch"] = "0" * 64
    told = refused(checkpoint({"yolopatch": said}))
    assert f"yolopatch: 99.0 made the workspace, this is {__version__}" in told
    assert "the patch of DSConv (tutorial)" in told
    assert "restore it with yolopatch 99.0" in told


def test_a_version_that_the_ids_belie(refused, checkpoint, said):
    told = refused(checkpoint({"yolopatch": {**said, "version": "99.0"}}))
    assert "the commit that the stamp is built on" in told
    assert "yolopatch: 99.0 made the workspace" in told


def test_another_commit(refused, checkpoint, said):
    told = refused(checkpoint({"yolopatch": {**said, "commit": "0" * 40}}))
    assert f"the stamp's commit: {'0' * 12} in the checkpoint, {said['commit'][:12]} here" in told


def test_a_source_that_only_its_owner_has(refused, checkpoint, said):
    told = refused(checkpoint({"yolopatch": {**said, "source": "folder"}}))
    assert "made from a local folder, which cannot be downloaded" in told
    assert "--source PATH" in told


def test_another_source_than_the_stamps(yolopatch, checkpoint, stamp, tmp_path, pristine_tree, fingerprint):
    source = ("--source", pristine_tree(PIN))
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", *source, "--dest", tmp_path / "w")
    assert ran.code == 0, ran.err
    file = checkpoint({"yolopatch": stamp(tmp_path / "w")})
    before = fingerprint(tmp_path)
    ran = yolopatch("restore", file, "--dest", tmp_path / "there", "--source", "auto")
    assert (ran.code, "--source PATH" in ran.err) == (1, True)
    assert fingerprint(tmp_path) == before
    ran = yolopatch("restore", file, "--dest", tmp_path / "there", *source, "--json", "--no-load")
    assert ran.code == 0, ran.err
    assert ran.json["commit"] == ran.json["stamp"]["commit"]


def test_the_users_own_changes_are_said_plainly(refused, checkpoint, workspace, stamp, git_in):
    (workspace / "LICENSE").write_text("mine")
    git_in(workspace, "commit", "-qam", "my idea")
    (workspace / "ultralytics/__init__.py").write_text("edited")
    said = stamp(workspace)
    told = refused(checkpoint({"yolopatch": said}))
    assert "its user's own changes, which yolopatch cannot restore" in told
    assert f"commits of the user's own: {said['head']} was checked out, on top of {said['commit']}" in told
    assert "changes without a commit: ultralytics/__init__.py" in told
    assert f"yolopatch apply --repo {PIN}" in told


@pytest.mark.parametrize("home", ["__main__", "__mp_main__"])
def test_a_class_of_the_training_script_is_told_as_one_that_no_option_loads(home, refused, checkpoint, said):
    made = type("Gate", (OrderedDict,), {"__module__": home, "__qualname__": "Gate"})
    setattr(sys.modules["__main__"], "Gate", made)  # noqa: B010  pickle looks for it there
    sys.modules.setdefault("__mp_main__", sys.modules["__main__"])
    file = checkpoint({"yolopatch": said, "model": made()})
    for option in ((), ("--trust",)):
        told = refused(file, *option)
        assert "nor with --trust: the training script itself defines Gate" in told
        assert "yolopatch add" in told


def _evil(trap: Path) -> object:
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch '{trap}'",)

    return Evil()


def test_a_malicious_file_runs_nothing(refused, checkpoint, said, tmp_path, yolopatch):
    trap = tmp_path / "trap"
    stamped = checkpoint({"yolopatch": said, "model": _evil(trap)})
    told = refused(stamped)
    assert "imports code that a checkpoint of this workspace does not need; no code of it was run" in told
    assert f"imports: {os.system.__module__}.system" in told
    assert "--trust" in told
    refused(checkpoint({"model": _evil(trap)}, "unstamped.pt"))
    refused(checkpoint({"yolopatch": _evil(trap)}, "as-stamp.pt"))
    refused(checkpoint(_evil(trap), "alone.pt"))
    assert yolopatch("restore", stamped, "--dest", tmp_path / "there", "--no-load").code == 0
    assert not trap.exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins.eval",
        "builtins.getattr",
        "builtins.__import__",
        "os.system",
        "torch.load",
        "torch.hub.load",
        "torch._tensor._rebuild_from_type_v2",
        "torch.nn.modules.module.Module.apply",
        "torch.nn.modules.conv._reverse_repeat_tuple",
        "ultralytics.utils.checks.check_requirements",
        "ultralytics.nn.modules.conv.math",
        "ultralytics.nn.tasks.torch_safe_load",
        "ultralytics.nn.tasks.SafeUnpickler",
        "ultralytics.nn.autobackend.AutoBackend",
        "ultralytics.nn.modules.nothing.Conv",
        "ultralytics.nn.modules...tasks.Conv",
        "models.common.Conv",
    ],
)
def test_names_that_are_not_only_data(name, refused, checkpoint, said, tmp_path):
    module, _, attribute = name.rpartition(".")
    pickled = pickle.dumps(said, protocol=2)[2:-1]
    asks = b"c%s\n%s\n" % (module.encode(), attribute.encode())
    call = b"X\x01\x00\x00\x00aX\x01\x00\x00\x00b\x86R" if attribute == "getattr" else b""
    entries = b"X\x09\x00\x00\x00yolopatch" + pickled + b"sX\x01\x00\x00\x00m" + asks + call + b"s"
    file = _write(tmp_path / "best.pt", b"\x80\x02}" + entries + b".")
    told = refused(file)
    assert "imports code that a checkpoint of this workspace does not need" in told
    assert name in told


@pytest.mark.parametrize("what", ["file", "folder", "workspace", "edited", "commit"])
def test_a_place_that_something_else_holds(what, yolopatch, checkpoint, made, said, tmp_path, fingerprint, git_in):
    file, place = checkpoint({"yolopatch": said}), tmp_path / "there"
    if what == "file":
        place.write_text("mine")
    elif what == "folder":
        place.mkdir()
        (place / "thesis.tex").write_text("mine")
    elif what == "workspace":
        assert yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", place).code == 0
    else:
        shutil.copytree(made, place)
        (place / "LICENSE").write_text("mine")
        if what == "commit":
            git_in(place, "commit", "-qam", "mine")
    before = fingerprint(tmp_path)
    ran = yolopatch("restore", file, "--dest", place, "--no-load")
    assert ran.code in ((2, 3) if what == "file" else (3,)), ran.err
    assert fingerprint(tmp_path) == before


def test_an_interpreter_that_is_not_there(refused, checkpoint, said):
    assert "interpreter python-of-nowhere was not found" in refused(
        checkpoint({"yolopatch": said}), "--python", "python-of-nowhere"
    )


def test_an_interpreter_without_what_the_pin_imports(refused, checkpoint, said, monkeypatch):
    bare = f"{sys.base_prefix}/bin/python3"
    monkeypatch.setattr(sys, "executable", bare)
    told = refused(checkpoint({"yolopatch": said}))
    assert f"{bare} cannot import {PIN}: it lacks opencv-python, " in told
    assert f"next: yolopatch env create {PIN}\n" in told


def test_json_says_the_same(yolopatch, tmp_path):
    ran = yolopatch("restore", tmp_path / "best.pt", "--json")
    assert (ran.code, ran.json["exit_code"]) == (1, 1)
    assert "does not exist" in ran.json["error"]["what"]
