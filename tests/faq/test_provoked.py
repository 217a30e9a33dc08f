"""The errors of the page are provoked in upstream's own code, and the command of the entry prints what it quotes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .conftest import PIN, YOLO11, class_of
from .entries import entries, entry
from .mistakes import MISTAKES, Mistake

OFTEN = [one for one in MISTAKES if not one.is_long]
LONG = [one for one in MISTAKES if one.is_long]
# each run of verify starts a process with torch
VERIFIED_OFTEN = [one for one in MISTAKES if one.anchor in ("expected-channels", "got-a-list", "one-value")]

# Builds each model as a user does, and does with it what makes upstream speak; answers its words, by entry.
_SPEAK = """
import contextlib, io, json, logging, sys, warnings
import torch
from ultralytics import YOLO
from ultralytics.utils import LOGGER
from ultralytics.utils.torch_utils import ModelEMA, init_seeds

class Heard(logging.Handler):
    def emit(self, record):
        words.append(record.getMessage())

ACTS = {
    "build": lambda found: None,
    "train": lambda found: sum(m.sum() for m in found.model.train()(torch.rand(2, 3, 64, 64))).backward(),
    "ema": lambda found: ModelEMA(found.model),
    "half": lambda found: found.model.eval().half()(torch.rand(1, 3, 64, 64).half()),
    "fuse": lambda found: found.model.eval().fuse()(torch.rand(1, 3, 64, 64)),
    "info": lambda found: found.info(),
    "export": lambda found: found.export(format="onnx", imgsz=64),
}
LOGGER.addHandler(Heard())
init_seeds(0, deterministic=True)
answers = {}
for anchor, cfg, act in json.load(sys.stdin):
    words = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            ACTS[act](YOLO(cfg))
        except Exception as error:
            words.append(f"{type(error).__name__}: {error}")
    answers[anchor] = "\\n".join([*words, *(str(one.message) for one in warned), ""])
print("\\n" + json.dumps(answers))
"""


def _ask(in_upstream, tree: Path, script: str, *arguments: object, given: object = None):
    return json.loads(in_upstream(tree, script, *arguments, given=given).splitlines()[-1])


@pytest.fixture
def spoken(clone, cfg_of, in_upstream):
    """Give what upstream says of mistakes, by entry."""

    def ask(mistakes: list[Mistake]) -> dict[str, str]:
        given = [(one.anchor, str(cfg_of(one)), one.act) for one in mistakes]
        return _ask(in_upstream, clone, _SPEAK, given=given)

    return ask


def _missing(mistakes: list[Mistake], said: dict[str, str]) -> dict[str, str]:
    return {one.anchor: said[one.anchor][-300:] for one in mistakes if one.error not in said[one.anchor]}


@pytest.mark.more
def test_upstream_says_what_the_page_has(spoken):
    assert _missing(OFTEN, spoken(OFTEN)) == {}


@pytest.mark.slow
def test_upstream_says_what_the_page_has_of_the_others(spoken):
    assert _missing(LONG, spoken(LONG)) == {}


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if one.error], ids=lambda one: one.anchor)
def test_the_entry_has_the_error(mistake):
    for language in ("en", "zh"):
        one = entry(mistake.anchor, language)
        assert mistake.error.rstrip() in one.heading + one.body


@pytest.mark.parametrize(
    "mistake",
    [pytest.param(one, id=one.anchor, marks=[pytest.mark.slow] * (one not in VERIFIED_OFTEN)) for one in MISTAKES],
)
def test_verify_prints_what_the_entry_quotes(mistake, clone, cfg_of, yolopatch, says_as_printed):
    chosen = [word for check in mistake.checks for word in ("--check", check)]
    ran = yolopatch("verify", clone, "--cfg", cfg_of(mistake), *chosen, "--imgsz", 64, "--device", "cpu", "--json")
    texts = [check[key] for check in ran.json["checks"] for key in ("summary", "hint") if check[key]]
    says_as_printed(mistake.anchor, *(text.replace(class_of(mistake), "X") for text in texts))
    named = {word for words in entry(mistake.anchor).commands for word in words}
    assert set(mistake.checks) <= named


@pytest.mark.more
def test_what_is_said_is_printed_on_a_terminal_in_both_languages(clone, cfg_of, yolopatch):
    (mistake,) = [one for one in MISTAKES if one.anchor == "key-error"]
    for language in ("en", "zh"):
        ran = yolopatch("verify", clone, "--cfg", cfg_of(mistake), "--check", "build", "--lang", language)
        (printed,) = entry("key-error", language).printed
        assert _close(printed) in _close(ran.out)


def _close(text: str) -> str:
    """Return a text without spaces: lines are broken between any two Chinese letters."""
    return "".join(text.split())


# What is wrong in the name of a file, or in an import

_SCALE = """
import json, sys
from ultralytics import YOLO
print("\\n" + json.dumps([YOLO(name).model.yaml["scale"] for name in sys.argv[1:]]))
"""


@pytest.mark.more
def test_the_scale_that_a_name_gives(clone, yaml_of, in_upstream, yolopatch, says_as_printed):
    row = "[-1, 1, Conv, [256, 3, 2]]"
    named, nameless = (yaml_of(3, row, name) for name in ("yolo11small.yaml", "my-model.yaml"))
    assert _ask(in_upstream, clone, _SCALE, named, nameless) == ["s", ""]
    ran = yolopatch("verify", clone, "--cfg", named, "--check", "scale", "--json")
    says_as_printed("renamed-yaml", ran.check("scale")["summary"])
    ran = yolopatch("verify", clone, "--cfg", nameless, "--check", "scale", "--json")
    assert ran.code == 2
    says_as_printed("no-scale", ran.json["error"]["hint"])


_BUILD = """
import json, sys
try:
    if sys.argv[2] == "ultralytics":
        from ultralytics import YOLO
        YOLO(sys.argv[1])
    else:
        from models.yolo import Model
        Model(sys.argv[1])
except Exception as error:
    print("\\n" + json.dumps(f"{type(error).__name__}: {error}"))
"""
IMPORTS = {
    "no-module-named": None,
    "partially-initialized": "from ultralytics.nn.tasks import DetectionModel\n\nclass X:\n    pass\n",
}


@pytest.mark.more
@pytest.mark.parametrize("anchor", IMPORTS)
def test_an_import_that_fails(anchor, pristine_tree, tmp_path, yaml_of, in_upstream, yolopatch, says_as_printed):
    place = tmp_path / "clone"
    shutil.copytree(pristine_tree(PIN), place)
    tasks = place / "ultralytics/nn/tasks.py"
    first = "from ultralytics.utils import"
    lines = f"from ultralytics.nn.modules.conv_x import X\n{first}"
    tasks.write_text(tasks.read_text(encoding="utf-8").replace(first, lines, 1), encoding="utf-8")
    if IMPORTS[anchor]:
        (place / "ultralytics/nn/modules/conv_x.py").write_text(IMPORTS[anchor])
    cfg = yaml_of(3, "[-1, 1, X, [256, 3, 2]]")
    said = _ask(in_upstream, place, _BUILD, cfg, "ultralytics")
    pattern = re.sub(r"'X'|\\'X\\'", r"'\\w+'", re.escape(entry(anchor).texts[0]))
    assert re.match(pattern, said), said
    built = yolopatch("verify", place, "--cfg", cfg, "--check", "build", "--json").check("build")
    says_as_printed(anchor, built["summary"], built["hint"])


@pytest.mark.slow
def test_a_name_that_yolov5_does_not_know(pristine_tree, module_cfg, in_upstream, tmp_path, yolopatch, says_as_printed):
    matplotlib = pytest.importorskip("matplotlib")
    shutil.copy(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), tmp_path / "Arial.ttf")
    tree = pristine_tree("yolov5-6.1")
    cfg, _ = module_cfg("Dynamic_conv2d", "yolov5", "n", "paper")
    assert _ask(in_upstream, tree, _BUILD, cfg, "yolov5") == entry("name-error").texts[0]
    built = yolopatch("verify", tree, "--cfg", cfg, "--check", "build", "--json").check("build")
    says_as_printed("name-error", built["summary"])


# Weights

_TRANSFER = """
import json, logging, sys
from ultralytics import YOLO
from ultralytics.utils import LOGGER
words = []
handler = logging.Handler()
handler.emit = lambda record: words.append(record.getMessage())
LOGGER.addHandler(handler)
YOLO(sys.argv[1]).load(sys.argv[2])
print("\\n" + json.dumps(words[-1]))
"""


@pytest.mark.slow
def test_weights_behind_an_inserted_row(need_pin, own_code_runs, checkpoint, in_upstream, yolopatch, tmp_path):
    need_pin(PIN)
    own_code_runs(PIN)
    place, base = tmp_path / "workspace", checkpoint(PIN)
    assert yolopatch("apply", "--repo", PIN, "--module", "EMA", "--dest", place).code == 0
    given = ("--module", "EMA", "--model", "yolo11", "--placement", "+4", "--scale", "n", "--out", place, "--json")
    (written,) = yolopatch("render-cfg", *given).json["files"]
    assert _ask(in_upstream, place, _TRANSFER, written["path"], base) == entry("transferred").texts[0]
    for language in ("en", "zh"):
        asked = ("--cfg", written["path"], "--weights", base, "--out", tmp_path / f"{language}.pt", "--lang", language)
        ran = yolopatch("transplant", place, *asked)
        (printed,) = entry("transferred", language).printed
        assert _close(printed) in _close(ran.out)


_LOAD = """
import json, os, sys
from ultralytics import YOLO
if sys.argv[2] == "weights only":
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
try:
    YOLO(sys.argv[1])
except Exception as error:
    print("\\n" + json.dumps(f"{type(error).__module__}.{type(error).__name__}: {error}"))
"""


@pytest.mark.more
def test_a_checkpoint_of_a_newer_release(pristine_tree, own_code_runs, checkpoint, in_upstream):
    own_code_runs("ultralytics-8.2.50")
    older, base = pristine_tree("ultralytics-8.2.50"), checkpoint(PIN)
    said = _ask(in_upstream, older, _LOAD, base, "all")
    assert entry("cant-get-attribute").texts[0].replace("C3k2_DSConv", "C3k2") in said
    assert entry("weights-only").texts[0] in _ask(in_upstream, older, _LOAD, base, "weights only")


_SAVE = """
import sys, torch
from ultralytics import YOLO
torch.save({"model": YOLO(sys.argv[1]).model.half(), "train_args": {}, "version": "8.3.0"}, sys.argv[2])
"""


@pytest.mark.more
def test_a_checkpoint_with_a_class_of_another_clone(
    full_workspace, own_code_runs, pristine_tree, module_cfg, in_upstream, tmp_path, yolopatch
):
    own_code_runs(PIN)
    cfg, _ = module_cfg("DSConv", "yolo11", "n", "paper")
    file = tmp_path / "best.pt"
    in_upstream(full_workspace(PIN), _SAVE, cfg, file)
    said = _ask(in_upstream, pristine_tree(PIN), _LOAD, file, "all")
    assert "No module named 'ultralytics.nn.modules.dsconv'" in said
    for language in ("en", "zh"):
        ran = yolopatch("restore", file, "--dest", tmp_path / "restored", "--lang", language)
        assert ran.code == 1
        (printed,) = entry("cant-get-attribute", language).printed
        assert _close(printed) in _close(ran.out + ran.err)


_OPTIMISE = """
import json, sys, torch
from ultralytics import YOLO
from ultralytics.engine.trainer import BaseTrainer
try:
    model = YOLO(sys.argv[1]).model.train()
    optimizer = BaseTrainer.build_optimizer(None, model, name=sys.argv[2])
    model(torch.rand(2, 3, 64, 64))["one2many"]["boxes"].sum().backward()
    optimizer.step()
except Exception as error:
    import traceback
    last = traceback.extract_tb(error.__traceback__)[-1]
    print("\\n" + json.dumps([type(error).__name__, str(error), last.filename, last.line]))
"""


@pytest.mark.more
def test_the_optimizer_of_short_trainings(full_workspace, module_cfg, in_upstream):
    newest = "ultralytics-8.4.0"
    cfg, _ = module_cfg("Dynamic_conv2d", "yolo26", "n", "paper")
    kind, _, file, line = _ask(in_upstream, full_workspace(newest), _OPTIMISE, cfg, "MuSGD")
    assert (kind, line) == ("AssertionError", "assert len(G.shape) == 2")
    assert file.endswith("optim/muon.py")
    kind, words, _, line = _ask(in_upstream, full_workspace(newest), _OPTIMISE, cfg, "musgd")
    assert f"{kind}: {words}" in entry("musgd-name").texts
    assert "g[3]" in line


# Numbers

_COUNT = """
import json, sys
from ultralytics import YOLO
print("\\n" + json.dumps([list(YOLO(name).info()) for name in sys.argv[1:]]))
"""


@pytest.mark.slow
def test_what_releases_count(pristine_tree, own_code_runs, in_upstream):
    own_code_runs(PIN)
    (v8, v11) = _ask(in_upstream, pristine_tree(PIN), _COUNT, "yolov8n.yaml", "yolo11n.yaml")
    assert f"{v8[0]} layers, {v8[1]:,} parameters" in entry("yolov8-parameters").heading
    (older,) = _ask(in_upstream, pristine_tree("ultralytics-8.2.50"), _COUNT, "yolov8n.yaml")
    assert f"{older[0]} layers and {older[1]:,} parameters" in entry("yolov8-parameters").body
    (newer,) = _ask(in_upstream, pristine_tree("ultralytics-8.4.0"), _COUNT, "yolo11n.yaml")
    assert entry("layer-count").texts == [f"{v11[0]} layers", f"{newer[0]} layers"]
    assert newer[1] == v11[1]


@pytest.mark.slow  # torch computes two models at 640 pixels
def test_gflops_that_upstream_overstates(full_workspace, module_cfg, yolopatch, says_as_printed):
    cfg, _ = module_cfg("RefConv", "yolo26", "n", "paper")
    ran = yolopatch("verify", full_workspace("ultralytics-8.4.0"), "--cfg", cfg, "--check", "flops", "--json")
    says_as_printed("gflops-differ", ran.check("flops")["summary"])


@pytest.mark.slow
def test_memory_is_told_without_a_gpu(clone, pristine_tree, tmp_path, yolopatch, says_as_printed):
    cfg = shutil.copy(pristine_tree(PIN) / YOLO11, tmp_path / "yolo11n.yaml")
    ran = yolopatch("verify", clone, "--cfg", cfg, "--check", "memory", "--imgsz", 64, "--device", "cpu", "--json")
    says_as_printed("out-of-memory", ran.check("memory")["summary"])


# Data and environment


def test_a_folder_of_images_that_is_missing(yolopatch, tmp_path):
    data = tmp_path / "data.yaml"
    data.write_text("path: nowhere\ntrain: images/train\nval: images/val\nnames: [a]\n")
    ran = yolopatch("data", "check", data)
    assert ran.code == 1
    assert entry("dataset").printed[0] in ran.out


@pytest.fixture
def ailments(yolopatch, monkeypatch):
    """Give what `doctor` says of a workspace."""
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())

    def ask(place: Path, *arguments: object) -> list[str]:
        told = yolopatch("doctor", place, *arguments, "--json").json
        return [one["what"] for case in told["cases"] for one in case["ailments"]]

    return ask


def test_doctor_tells_of_the_pins_own_faults(pristine_tree, python_that_says, ailments, says_as_printed):
    python = python_that_says()
    says_as_printed("long-int", *ailments(pristine_tree("yolov5-6.1"), "--python", python))
    says_as_printed("seeds-same-batches", *ailments(pristine_tree(PIN), "--python", python))


def test_doctor_tells_of_the_environments(pristine_tree, python_that_says, ailments, tmp_path, says_as_printed):
    place = tmp_path / "clone"
    shutil.copytree(pristine_tree(PIN), place)
    fitting = python_that_says()
    cache = tmp_path / "datasets" / "coco8" / "labels" / "train.cache"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"\x93NUMPY numpy._core.multiarray")
    says_as_printed("numpy-core", *ailments(place, "--python", fitting))
    copied = python_that_says("copied", origins={"ultralytics": "/lib/ultralytics/__init__.py"})
    says_as_printed("edits-without-effect", *ailments(place, "--python", copied))


def test_every_quoted_output_is_provoked():
    """An entry that quotes what a command prints has its test above, or in the tests of `doctor`."""
    source = Path(__file__).read_text(encoding="utf-8")
    tried = {one.anchor for one in MISTAKES} | set(re.findall(r'"([a-z0-9-]+)"', source))
    of_doctor = {"torchvision-nms", "auto-update"}
    assert {one.anchor for one in entries("en") if one.printed} - of_doctor <= tried
