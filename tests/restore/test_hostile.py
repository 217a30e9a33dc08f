"""Pickles that name only what honest ones name, and use it to run code: none is loaded without `--trust`."""

from __future__ import annotations

import ast
import pickle
import tracemalloc
import types
import zipfile
from pathlib import Path

import pytest

from yolopatch.catalog.checkpoint.loadable import CLASSES_OF, EXACT, OPENING
from yolopatch.catalog.pins import PINS
from yolopatch.core.checkpoint.allowed import unknown_names, unknown_uses
from yolopatch.probe.pickled.archive import NoArchive, read_checked
from yolopatch.probe.pickled.uses import Harmful, uses_of

from ..zips import with_damaged_stream, with_size, zipped
from .conftest import PIN, load_fork

YOLOV5 = "yolov5-pypi-6.1.0"
MODEL = b"cultralytics.nn.tasks\nDetectionModel\n"
NEW_MODEL = MODEL + b")\x81"


def _text(text: str) -> bytes:
    return b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()


YAML = b"}" + _text("activation") + _text("print('run')") + b"s"


def _uses(value: bytes) -> tuple[str, ...]:
    """The uses that `restore` refuses, of a checkpoint with this value in it."""
    return unknown_uses(uses_of(b"\x80\x04}" + _text("value") + value + b"s.").uses)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(MODEL + YAML + b"\x85R", id="REDUCE"),
        pytest.param(MODEL + YAML + b"\x85\x81", id="NEWOBJ with arguments"),
        pytest.param(MODEL + b")}" + _text("cfg") + YAML + b"s\x92", id="NEWOBJ_EX"),
        pytest.param(b"(" + MODEL + YAML + b"o", id="OBJ"),
        pytest.param(b"(" + YAML + b"iultralytics.nn.tasks\nDetectionModel\n", id="INST"),
        pytest.param(_text("ultralytics.nn.tasks") + _text("DetectionModel") + b"\x93" + YAML + b"\x85R", id="proto 4"),
        pytest.param(MODEL + b"q\x010h\x01" + YAML + b"\x85R", id="by the memo"),
        pytest.param(b"ccopyreg\n_reconstructor\n" + MODEL * 2 + YAML + b"\x87R", id="_reconstructor"),
        pytest.param(b"ccollections\ndefaultdict\n" + MODEL + b"\x85R", id="a factory"),
        pytest.param(NEW_MODEL + b"}" + _text("float") + MODEL + b"sb", id="a class in place of a method"),
        pytest.param(b"]" + MODEL + b"a", id="a class in a list"),
        pytest.param(NEW_MODEL + b"}" + _text("__setstate__") + NEW_MODEL + b"sb}b", id="a second state"),
        pytest.param(NEW_MODEL + b"}" + _text("append") + NEW_MODEL + b"sb" + YAML + b"a", id="a method for APPEND"),
        pytest.param(NEW_MODEL + _text("key") + YAML + b"s", id="SETITEM"),
        pytest.param(MODEL + b"N}" + _text("x") + YAML + b"s\x86b", id="a class with a state"),
        pytest.param(NEW_MODEL + YAML + b"\x85R", id="an object is called"),
        pytest.param(
            b"cbuiltins\ngetattr\n" + NEW_MODEL + _text("forward") + b"\x86R" + YAML + b"\x85R", id="a method is called"
        ),
        pytest.param(b"cbuiltins\ngetattr\n" + NEW_MODEL + _text("__init__") + b"\x86R", id="another method"),
        pytest.param(b"cbuiltins\nbytes\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R", id="bytes(2**40)"),
        pytest.param(b"cbuiltins\nlist\ncbuiltins\nrange\nK\x09\x85R\x85R", id="list(range(...))"),
        pytest.param(b"ctorch\nFloatStorage\nK\x09\x85R", id="FloatStorage(size)"),
        pytest.param(b"cnumpy\ndtype\n" + _text("O8") + b"\x89\x88\x87R", id="a dtype of objects"),
        pytest.param(
            b"cnumpy\ndtype\n" + _text("V8") + b"\x89\x88\x87R(K\x03" + _text("|") + b"N))K\x08K\x01K\x1btb",
            id="a dtype of others",
        ),
        pytest.param(b"c_codecs\nencode\n" + _text("x") + _text("bz2") + b"\x86R", id="another codec"),
    ],
)
def test_what_no_checkpoint_does_with_the_classes_that_it_names(value):
    assert _uses(value)


@pytest.mark.parametrize("pin", [PIN, YOLOV5])
def test_no_class_of_upstreams_and_nothing_on_the_list_takes_arguments_of_a_strangers_choice(pin, pristine_tree):
    tree = pristine_tree(pin)

    def read(paths):
        return {path: (tree / path).read_text(encoding="utf-8") for path in paths if (tree / path).is_file()}

    names = sorted(name for name in EXACT if "(" not in name) + _classes(PINS[pin], tree)
    assert len(names) > 50
    assert not unknown_names(PINS[pin], names, read)
    for name in names:
        module, _, attribute = name.rpartition(".")
        named = b"c%s\n%s\n" % (module.encode(), attribute.encode())
        for arguments in (YAML + b"\x85", YAML + YAML + b"\x86", YAML + b"K\x03\x86", NEW_MODEL + b"\x85"):
            assert _uses(named + arguments + b"R"), name
            assert _uses(named + arguments + b"\x81"), name


def _classes(pin, tree: Path) -> list[str]:
    """Every class that upstream defines in a module of the list, but those that are refused by name."""
    package = tree / (pin.layout.package or "")
    found = []
    for part in CLASSES_OF[pin.layout.style]:
        stem = part.replace(".", "/")
        for file in sorted(package.glob(f"{stem}*.py" if part.endswith((".", "_")) else f"{stem}.py")):
            module = ".".join(file.relative_to(tree).with_suffix("").parts)
            body = ast.parse(file.read_text(encoding="utf-8")).body
            found += [f"{module}.{n.name}" for n in body if isinstance(n, ast.ClassDef) and n.name not in OPENING]
    return found


def _file(file: Path, said: dict, value: bytes) -> Path:
    entries = _text("yolopatch") + pickle.dumps(said, protocol=2)[2:-1] + b"s" + _text("model") + value + b"s"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}" + entries + b".")
        archive.writestr("archive/version", "3\n")
    return file


@pytest.mark.more
@pytest.mark.parametrize("pin", [YOLOV5, pytest.param(PIN, marks=pytest.mark.slow)])
def test_a_model_that_is_called_with_code_runs_it_only_for_whoever_trusts_it(pin, yolopatch, compat_option, tmp_path):
    trap, place = tmp_path / "trap", tmp_path / "there"
    assert yolopatch("apply", "--repo", pin, "--module", "SPConv", *compat_option(pin), "--dest", place).code == 0
    stamp = load_fork(place, pin).stamp(types.SimpleNamespace(yaml={"nc": 1}))
    name = b"cyolov5.models.yolo\nModel\n" if pin == YOLOV5 else MODEL
    code = f"open({str(trap)!r}, 'w')"
    rows = {"anchors": 3, "depth_multiple": 1, "width_multiple": 1, "backbone": [[-1, 1, code, []]], "head": []}
    yaml = pickle.dumps({"nc": 1, "activation": code, **rows}, protocol=2)[2:-1]
    file = _file(tmp_path / "best.pt", stamp, name + yaml + b"\x85R")
    ran = yolopatch("restore", file, "--dest", place)
    assert ran.code == 1
    assert "does more than a checkpoint needs with the classes that it names; no code of it was run" in ran.err
    assert f"asks to: call {name[1:-1].decode().replace(chr(10), '.')}(dict)" in ran.err
    assert not trap.exists()
    yolopatch("restore", file, "--dest", place, "--trust")
    assert trap.exists(), "upstream would have run it"


@pytest.mark.parametrize(
    "state",
    [
        {"yaml": {"nc": 1, "activation": "__import__('os').system('true')"}},
        pytest.param(
            {"deep": [({"model": {"backbone": [[-1, 1, "__import__('os').getcwd", []]], "head": []}},)]},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_code_in_a_models_yaml_does_not_reach_upstream(state, yolopatch, said, tmp_path):
    module = b"ctorch.nn.modules.module\nModule\n)\x81" + pickle.dumps(state, protocol=2)[2:-1] + b"b"
    ran = yolopatch("restore", _file(tmp_path / "best.pt", said, module), "--dest", tmp_path / "there")
    assert ran.code == 1
    assert "the YAML inside the checkpoint is more than a list of layers" in ran.err
    assert "__import__" in ran.err


NESTED = b")" + b"q\x01h\x01\x86" * 60  # each tuple holds the one before it twice


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(b"}" + NESTED + b"K\x01s", "a tuple of tuples with more than", id="a key whose hash has no end"),
        pytest.param(b"(" + NESTED + b"\x91", "a tuple of tuples with more than", id="the same in a set"),
        pytest.param(b"]r\xff\xff\xff\x0f", "numbers a value 268,435,455", id="a memo of two gigabytes"),
        pytest.param(b"]p268435455\n", "numbers a value 268,435,455", id="the same as text"),
        pytest.param(b"\x82\x01", "instructions that no pickle of torch's has", id="a registered extension"),
        pytest.param(b"a" * 9, "cut short or damaged", id="a stack that runs empty"),
    ],
)
def test_a_pickle_without_an_end_in_time_or_memory_is_refused(value, found):
    with pytest.raises(Harmful, match=found):
        uses_of(b"\x80\x02" + value + b".")


@pytest.mark.parametrize(
    ("numel", "shape", "stride"),
    [
        pytest.param(4, (2**33,), (0,), id="one value seen often"),
        pytest.param(2**33, (4,), (1,), id="a storage that lies"),
        pytest.param(4, (2**20, 2**20), (1, 1), id="a shape that lies"),
    ],
)
def test_tensors_that_claim_more_than_the_file_has(numel, shape, stride, tmp_path):
    pid = (
        b"("
        + _text("storage")
        + b"ctorch\nFloatStorage\n"
        + _text("0")
        + _text("cpu")
        + pickle.dumps(numel, protocol=2)[2:-1]
        + b"tQ"
    )
    shapes = b"".join(pickle.dumps(part, protocol=2)[2:-1] for part in (shape, stride))
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + b"K\x00" + shapes + b"\x89ccollections\nOrderedDict\n)RtR"
    with pytest.raises(NoArchive, match="its tensors claim"):
        read_checked(_file(tmp_path / "best.pt", {}, tensor))


def test_an_archive_that_grows_when_it_is_unpacked(tmp_path):
    file = _file(tmp_path / "best.pt", {}, b"N")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2**26))
    with pytest.raises(NoArchive, match="its parts claim 67,"):
        read_checked(file)


def test_an_archive_whose_header_lies_about_the_pickle_takes_no_memory(tmp_path):
    file = tmp_path / "best.pt"
    file.write_bytes(with_size(zipped([("archive/data.pkl", bytes(2**26))]), 2**26, 100))
    tracemalloc.start()
    with pytest.raises(NoArchive, match="cut short or damaged"):
        read_checked(file)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_a_key_whose_hash_has_no_end_is_refused_at_once(yolopatch, said, tmp_path):
    file = _file(tmp_path / "best.pt", said, b"}" + NESTED + b"K\x01s")
    ran = yolopatch("restore", file, "--dest", tmp_path / "there")
    assert ran.code == 1
    assert "a tuple of tuples with more than 100,000 values" in ran.err


def test_an_archive_whose_pickle_does_not_unpack(tmp_path):
    file = tmp_path / "best.pt"
    file.write_bytes(with_damaged_stream("archive/data.pkl"))
    with pytest.raises(NoArchive, match="cut short or damaged"):
        read_checked(file)


def test_an_archive_that_names_a_place_before_its_start(tmp_path):
    file = _file(tmp_path / "best.pt", {}, b"N" * 99)
    data = file.read_bytes()
    at = data.index(b"PK\x01\x02")
    file.write_bytes(data[:4] + data[60:at] + data[at:])
    with pytest.raises(NoArchive, match=r"it is (cut short or )?damaged"):
        read_checked(file)
