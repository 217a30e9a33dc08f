"""What the page quotes of an upstream stands in the source of the pins that the entry names."""

from __future__ import annotations

import pytest

from .entries import entries, entry

U82, U83, U84, V5 = "ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0", "yolov5-6.1"
NEW, ALL_NEW = (U82, U83), (U82, U83, U84)
TASKS, TRAINER, CHECKS = ("ultralytics/" + name for name in ("nn/tasks.py", "engine/trainer.py", "utils/checks.py"))
METRICS, DATA = "ultralytics/utils/metrics.py", "ultralytics/data/utils.py"

# the entry, the pins, the file, and its text, cut where upstream puts a value in
SOURCES = [
    ("key-error", (U82, U83), TASKS, 'if "nn." in m else globals()[m]'),
    ("key-error", (U84,), TASKS, "else globals()[m]"),
    ("name-error", (V5,), "models/yolo.py", "m = eval(m) if isinstance(m, str) else m"),
    ("cannot-assign", (U82, U83, U84), TASKS, "= i, f, t  # attach index, 'from' index, type"),
    ("no-scale", ALL_NEW, TASKS, "no model scale passed. Assuming scale='{scale}'."),
    ("renamed-yaml", ALL_NEW, TASKS, "[nslmx])"),
    ("yaml-not-found", (U83,), CHECKS, "raise FileNotFoundError(f\"'{file}' does not exist\")"),
    ("transferred", ALL_NEW, TASKS, "items from pretrained weights"),
    ("transferred", (V5,), "train.py", "Transferred {len(csd)}/{len(model.state_dict())} items from"),
    ("nan-loss", (U84,), TRAINER, "detected (attempt {self.nan_recovery_attempts}/3), recovering from last.pt..."),
    ("nan-loss", (U84,), TRAINER, "Training failed: NaN persisted for {self.nan_recovery_attempts} epochs"),
    ("long-int", (V5,), "utils/loss.py", "gj.clamp_(0, gain[3] - 1), gi.clamp_(0, gain[2] - 1)"),
    ("muon", (U84,), "ultralytics/optim/muon.py", "assert len(G.shape) == 2"),
    ("muon", (U84,), TRAINER, 'else ("MuSGD", lr_fit, 0.9)'),
    ("musgd-name", (U84,), TRAINER, 'use_muon = name == "MuSGD"'),
    ("musgd-name", (U84,), TRAINER, 'g[3] = {"params": g[3]'),
    ("deterministic", (U83,), "ultralytics/utils/torch_utils.py", "use_deterministic_algorithms(True, warn_only=True)"),
    ("seeds-same-batches", NEW, "ultralytics/data/build.py", "generator.manual_seed(6148914691236517205 + RANK)"),
    ("resume", ALL_NEW, TRAINER, "Resume checkpoint not found. Please pass a valid checkpoint to resume from"),
    ("resume", ALL_NEW, TRAINER, "training to {self.epochs} epochs is finished, nothing to resume"),
    ("resume", (V5,), "train.py", "training to {epochs} epochs is finished, nothing to resume"),
    ("dataset", NEW, DATA, "Dataset '{name}' images not found"),
    ("dataset", (U84,), DATA, "Dataset '{name}' images not found"),
    ("dataset", ALL_NEW, "ultralytics/data/dataset.py", "No labels found in "),
    ("weights-only", (U82,), TASKS, 'torch.load(file, map_location="cpu")'),
    ("weights-only", (V5,), "models/experimental.py", "torch.load("),
    ("appears-to-require", ALL_NEW, TASKS, "appears to require '{e.name}', which is not in Ultralytics requirements"),
    ("yolov5-checkpoint", ALL_NEW, TASKS, "appears to be an Ultralytics YOLOv5 model originally trained "),
    ("onnx", (U83,), "ultralytics/engine/exporter.py", "export failure"),
    ("gflops-missing", (U83,), "ultralytics/utils/torch_utils.py", 'GFLOPs" if flops else ""'),
    ("numpy-int", (V5,), "utils/datasets.py", ".astype(np.int)"),
    ("numpy-int", (V5,), "utils/general.py", ".astype(np.int)"),
    ("numpy-trapz", NEW, METRICS, "np.trapz(np.interp("),
    ("numpy-trapz", (U84,), METRICS, "np.trapezoid if checks.check_version("),
    ("numpy-trapz", (V5,), "utils/metrics.py", "np.trapz(np.interp("),
    ("getsize", (V5,), "utils/plots.py", "self.font.getsize("),
    ("pkg-resources", (V5,), "utils/general.py", "import pkg_resources"),
    ("auto-update", ALL_NEW, CHECKS, "not found, attempting AutoUpdate..."),
    ("auto-update", (V5,), "utils/general.py", "attempting auto-update..."),
    ("arial", (U82,), CHECKS, "https://ultralytics.com/assets/{name}"),
    ("arial", (V5,), "utils/general.py", "https://ultralytics.com/assets/Arial.ttf"),
    ("arial", (U83,), CHECKS, "https://github.com/ultralytics/assets/releases/"),
    ("no-github", (U83,), "ultralytics/utils/downloads.py", "https://api.github.com/repos/"),
]
# who prints what no pin's source has; most of it is provoked in test_provoked.py
OTHERS = {
    **dict.fromkeys(("no-module-named", "partially-initialized", "positional-arguments", "missing-argument"), "Python"),
    **dict.fromkeys(("list-index", "cant-get-attribute", "gbk", "numpy-core", "bootstrapping"), "Python"),
    **dict.fromkeys(("expected-channels", "sizes-must-match", "got-a-list", "one-value", "half-float"), "torch"),
    **dict.fromkeys(("inplace", "out-of-memory", "no-attribute-bn", "deepcopy"), "torch"),
    "torchvision-nms": "torchvision",
    "yolo-not-found": "the shell",
    **dict.fromkeys(("yolov8-parameters", "layer-count"), "upstream, with numbers that it counts"),
    **dict.fromkeys(("same-parameters", "map-zero", "same-seed-differs", "fuse-differs", "gflops-differ"), "nobody"),
    **dict.fromkeys(("not-faster", "small-difference", "edits-without-effect", "moved-head", "scrambled"), "nobody"),
}

EVERY = {"en": "(all releases", "zh": "（所有版本"}


@pytest.mark.parametrize(
    ("pin", "file", "text"),
    [pytest.param(pin, file, text, id=f"{a}-{pin}") for a, pins, file, text in SOURCES for pin in pins],
)
def test_the_text_stands_in_the_source_of_the_pin(pin, file, text, pristine_tree):
    assert text in (pristine_tree(pin) / file).read_text(encoding="utf-8")


def test_of_every_entry_it_is_known_who_prints_it():
    assert {anchor for anchor, *_ in SOURCES} | OTHERS.keys() == {one.anchor for one in entries("en")}
    assert {anchor for anchor, *_ in SOURCES} & OTHERS.keys() == set()


@pytest.mark.parametrize(("anchor", "pins"), [(anchor, pins) for anchor, pins, _, _ in SOURCES])
def test_the_entry_names_the_pins(anchor, pins):
    for language in ("en", "zh"):
        body = entry(anchor, language).body
        names = [pin.removeprefix("ultralytics-").replace("yolov5-", "yolov5 ") for pin in pins]
        assert EVERY[language] in body or [name for name in names if name not in body] == []
