"""Every parser of what strangers write: real inputs, how it is called, and the errors by which it may refuse."""

from __future__ import annotations

import json
import pickle
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path, PurePath
from typing import NamedTuple

from fuzz.mutations import Inputs, mutated, mutated_json
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import manifest_file, patch_file
from yolopatch.core.checkpoint.allowed import unknown_uses
from yolopatch.core.checkpoint.stamp import read_stamped
from yolopatch.core.data.labels import LabelFormat, read_labels
from yolopatch.core.loss.choosing import losses_in
from yolopatch.core.model.cfg_file import parse_cfg
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.deciding import decide
from yolopatch.core.paste.entry import own_module
from yolopatch.core.paste.overwritten import taken_attributes
from yolopatch.core.paste.reading import choose_class, read_paste
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.core.plain_json import load_json
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.training.run import read_run
from yolopatch.core.workspace.commit_message import Applied, module_message, read_applied, read_fix_patch, read_stamp
from yolopatch.core.workspace.manifest import parse_manifest
from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import images, label_file, read_dataset
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.own.own_catalog import load_own_catalog, write_module, write_pin
from yolopatch.outside.source.archive import read_wheel
from yolopatch.outside.source.wheel import tree_of_wheel
from yolopatch.outside.workspace.journal import read_journal
from yolopatch.probe.pickled.archive import NoArchive, read_pickle
from yolopatch.probe.pickled.reader import TensorlessUnpickler
from yolopatch.probe.pickled.uses import Harmful, uses_of
from yolopatch.wire.lines import read_line, write_line
from yolopatch.wire.messages import NotBuilt, Refused, Step, UpstreamOpened
from yolopatch.wire.tasks import TASKS

PIN = PINS["ultralytics-8.3.0"]
ROOT = Path(__file__).resolve().parents[3]


class Parser(NamedTuple):
    """A parser.

    Attributes:
        inputs: gives inputs, made of real ones.
        parse: reads one; checks of what it has read are in it, too.
        refuses: by which errors it may say no.
    """

    inputs: Inputs
    parse: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = ()


def _scratch(name: str) -> Path:
    return Path(tempfile.gettempdir()) / name


# -- the catalog of others


def _entries(kind: str) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if kind == "modules":
            files = [write_module(replace(one, name=f"My{one.name}"), place) for one in MODULES.values()]
        else:
            pins = [pin for pin in PINS.values() if pin.upstream == PIN.upstream]
            files = [write_pin(replace(pin, name=f"{pin.name}9", like=pin.name), place) for pin in pins]
        return [file.read_bytes() for file in files]


def _read_entry(kind: str) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        folder = _scratch("catalog") / kind
        folder.mkdir(parents=True, exist_ok=True)
        name = _name_in(data)
        file = folder / f"{name}.json"
        file.write_bytes(data)
        try:
            notes = load_own_catalog(folder.parent)
            taken = [entry for entry in (*PINS.values(), *MODULES.values()) if entry.home]
            assert bool(notes) != bool(taken), "an entry is either taken or told of"
            assert not any(_is_option(value) for entry in taken for value in _texts(_given_to_programs(asdict(entry))))
            return notes
        finally:
            file.unlink()
            load_own_catalog(folder / "nothing")

    return read


def _name_in(data: bytes) -> str:
    try:
        name = json.loads(data)["name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "x"
    usable = isinstance(name, str) and name.isprintable() and 0 < len(name) < 80 and "/" not in name
    return name if usable and not name.startswith(".") else "x"


def _given_to_programs(entry: dict[str, object]) -> dict[str, object]:
    """Leave out what becomes code or a row of a YAML only: such an argument may be negative."""
    return {key: value for key, value in entry.items() if key not in ("tail", "printed_tail")}


def _is_option(text: str) -> bool:
    return text.startswith("-")


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


# -- patches and manifests


def _patches() -> list[bytes]:
    # in a small one, a change more often hits a header
    small = b"--- a/x/a.py\n+++ b/x/a.py\n@@ -1,2 +1,3 @@\n a\n+b\n c\n--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+b\n"
    files = [patch_file(PIN.name, one.name, flavor) for one in MODULES.values() for flavor in one.flavors]
    return [small] * len(files) + [file.read_bytes() for file in files]


def _read_patch(data: bytes) -> object:
    patch = parse_patch(data.decode("utf-8", "surrogateescape"), "a patch")
    for change in patch.changes:
        path = PurePath(change.path)
        assert not path.is_absolute()
        assert ".." not in path.parts
    return patch


# -- checkpoints


def _pickles() -> list[bytes]:
    state = {"model": OrderedDict(a=1, b=(2, 3.5)), "yaml": {"nc": 3, "backbone": [[-1, 1, "Conv", [64, 3, 2]]]}}
    plain = [pickle.dumps(state, protocol=protocol) for protocol in (0, 1, 2, 4)]
    key = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + key + b"K\x00K\x02K\x02\x86K\x02K\x01\x86\x89ccollections\n"
    tensor = b"\x80\x02}q\x00X\x01\x00\x00\x00wq\x01" + rebuilt + b"OrderedDict\n)RtRs."
    layer = b"\x80\x02ctorch.nn.modules.conv\nConv2d\n)\x81}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bN]K\x05aub."
    called = b"\x80\x02cultralytics.nn.tasks\nDetectionModel\n}X\x01\x00\x00\x00xK\x01s\x85R."
    return [*plain, tensor, layer, called]


def _follow(data: bytes) -> object:
    seen = uses_of(data)
    return unknown_uses(seen.uses)


def _read_inert(data: bytes) -> object:
    """As the probe does: only what was followed without harm is read at all."""
    uses_of(data)
    try:
        return TensorlessUnpickler(BytesIO(data)).load()
    except RecursionError:
        raise
    except Exception as error:  # what a damaged pickle raises is pickle's own matter; the caller turns it into words
        raise Harmful(str(error)) from error


def _archives() -> list[bytes]:
    found = []
    for number, (kind, name) in enumerate((kind, name) for kind in (0, 8) for name in ("a/data.pkl", "pkg/a.py")):
        with BytesIO() as stream:
            with zipfile.ZipFile(stream, "w", kind) as archive:
                archive.writestr(name, _pickles()[number])
                archive.writestr("a/version", "3\n")
            found.append(stream.getvalue())
    return found


def _read_archive(data: bytes) -> object:
    return read_pickle(BytesIO(data))


def _read_zip(data: bytes) -> object:
    file = _scratch("a.whl")
    file.write_bytes(data)
    return read_wheel(file)


def _stamps() -> list[bytes]:
    module = {"name": "DSConv", "flavor": "paper", "patch": "a" * 64}
    whole = {"pin": PIN.name, "source": "pypi", "modules": [module], "compat": None, "version": "0.1.0"}
    return [
        json.dumps({**whole, "built_on": "b" * 40, "commit": "c" * 40, "edited": ["a.py"], "yaml": {"nc": 3}}).encode()
    ]


def _read_stamp(data: bytes) -> object:
    return read_stamped(load_json(data))


# -- models and data sets


def _cfgs() -> list[bytes]:
    bases = {pin.model: pin for pin in PINS.values()}
    from yolopatch.catalog.model.models import find_model

    env = load_templates()
    return [render_text(Cfg(find_model(name, "detect"), "n", 80), env).encode() for name in bases]


def _read_cfg(data: bytes) -> object:
    file = parse_cfg(data.decode("utf-8", "replace"), PurePath("yolo11n.yaml"))
    file.check_numbers()
    return file.rows, file.task, file.letters, file.any_scale(None)


def _read_yaml(data: bytes) -> object:
    return load_plain(data.decode("utf-8", "replace"))


_DATA = (
    b"path: /tmp/shapes\ntrain: images/train\nval: [images/val, more.txt]\nnc: 3\nnames: [disc, square, triangle]\n",
    b"train: images/train\nval: images/val\nnames:\n  0: person\n  1: bicycle\ndownload: https://x/y.zip\n",
)


def _read_data(data: bytes) -> object:
    file = _scratch("data.yaml")
    file.write_bytes(data)
    read = read_dataset(file)
    # not below the root of the disk: a set may name any folder, and this one has thousands of files
    return [read.sources(part) for part in ("train", "val", "test")], label_file(read.root / "images/a.jpg")


def _read_list(data: bytes) -> object:
    file = _scratch("images.txt")
    file.write_bytes(data)
    return [label_file(image) for image in images(file) if image.name]


_LABELS = (
    b"0 0.5 0.5 0.25 0.25\n1 0.1 0.2 0.3 0.4\n",
    b"2 0.1 0.1 0.9 0.1 0.5 0.9\n",
    b"0 0.5 0.5 0.2 0.2 0.1 0.1 2 0.3 0.3 1\n",
)


def _read_labels(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    for task, keypoints in (("detect", (0, 0)), ("segment", (0, 0)), ("obb", (0, 0)), ("pose", (2, 3))):
        read = read_labels(text, LabelFormat(task, 3, keypoints))
        assert all(0 <= kind < 3 for kind in read.classes)
    return None


# -- pasted files


def _pasted() -> list[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "tests/add/pasted").glob("*.py"))]


def _read_pasted(data: bytes) -> object:
    paste = read_paste(data, "MyConv.py")
    losses_in(paste)
    symbol = choose_class(paste, None)
    decision = decide(paste, symbol)
    taken_attributes(paste, symbol)
    return own_module(decision, read_constructor(paste, symbol), symbol, "a file")


# -- wheels, answers, records


_METADATA = (
    b"Metadata-Version: 2.1\nName: ultralytics\nVersion: 8.3.0\nRequires-Python: >=3.8\n"
    b"Requires-Dist: numpy<2.0.0,>=1.23\n"
    b"Requires-Dist: pytest ; extra == 'dev'\n\nA text.\n\0[console_scripts]\nyolo = ultralytics.cfg:entrypoint\n",
)


def _read_metadata(data: bytes) -> object:
    metadata, _, scripts = data.partition(b"\0")
    files = {"x/a.py": b"", "x-1.dist-info/METADATA": metadata, "x-1.dist-info/entry_points.txt": scripts}
    return tree_of_wheel(files)


def _answers() -> list[bytes]:
    told = (
        UpstreamOpened("/w/ultralytics/nn/tasks.py"),
        Step("building the model"),
        Refused("it cannot", ("expected: a", "found: b"), "do this"),
        NotBuilt("a.yaml", "why", "KeyError: x", "a.py:3 in f", "do this"),
    )
    return [write_line(one).encode() for one in told]


def _read_answer(data: bytes) -> object:
    return [read_line(task, line) for task in TASKS.values() for line in data.splitlines()[:4]]


def _read_run(data: bytes) -> object:
    return read_run(data, Path("run"))


def _runs() -> list[bytes]:
    wanted = {
        "changes": {"epochs": 1},
        "scale": "n",
        "base": False,
        "quick": True,
        "commit": "c",
        "edited": [],
        "cfg": "a",
    }
    attempt = {"started": "2026", "resumed": None, "environment": {}}
    return [
        json.dumps(
            {"number": 1, "wanted": {**wanted, "data": "d"}, "attempts": [attempt], "save_dir": "results"}
        ).encode()
    ]


def _read_journal(data: bytes) -> object:
    folder = _scratch("w") / ".git"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "yolopatch-switch").write_bytes(data)
    return read_journal(folder.parent)


def _messages() -> list[bytes]:
    return [module_message(PIN.name, Applied("DSConv", "paper", "a" * 64, "0.1.0", "A paper, 2024")).encode()]


def _read_message(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    return read_applied(text), read_fix_patch(text), read_stamp(text)


_JOURNALS = [json.dumps({"from": "a" * 40, "to": "b" * 40}).encode(), b'{"from": null, "to": "' + b"c" * 40 + b'"}']


def parsers() -> dict[str, Parser]:
    """Return every parser, by name."""
    refused = (YolopatchError,)
    return {
        "module entries": Parser(mutated_json(_entries("modules")), _read_entry("modules")),
        "pin entries": Parser(mutated_json(_entries("pins")), _read_entry("pins")),
        "manifests": Parser(
            mutated([manifest_file(PIN.name).read_bytes()[:2000]]),
            lambda data: parse_manifest(data.decode("utf-8", "replace")),
            (ValueError,),
        ),
        "patches": Parser(mutated(_patches()), _read_patch, refused),
        "pickles, followed": Parser(mutated(_pickles()), _follow, (Harmful,)),
        "pickles, read": Parser(mutated(_pickles()), _read_inert, (Harmful,)),
        "checkpoint archives": Parser(mutated(_archives()), _read_archive, (NoArchive,)),
        "stamps": Parser(mutated_json(_stamps()), _read_stamp, (YolopatchError, ValueError)),
        "wheels": Parser(mutated(_archives()), _read_zip, refused),
        "wheel metadata": Parser(mutated(_METADATA), _read_metadata, refused),
        "YAML": Parser(mutated([*_cfgs(), *_DATA]), _read_yaml, (PlainYamlError,)),
        "model YAMLs": Parser(mutated(_cfgs()), _read_cfg, refused),
        "data YAMLs": Parser(mutated(_DATA), _read_data, refused),
        "lists of images": Parser(mutated((b"./images/a.jpg\n/x/images/b.png\n",)), _read_list, refused),
        "labels": Parser(mutated(_LABELS), _read_labels),
        "pasted files": Parser(mutated(_pasted()), _read_pasted, refused),
        "answer lines": Parser(mutated(_answers()), _read_answer, (ValueError,)),
        "run records": Parser(mutated_json(_runs()), _read_run),
        "journals": Parser(mutated(_JOURNALS), _read_journal),
        "commit messages": Parser(mutated(_messages()), _read_message),
    }
