"""What a fork changes beside its architecture: the definitions of the chosen areas, in the release's own files."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.changes import ADDED, ASSIGNMENT, CHANGED, LOSS, TRAINING, FileChange, Part
from yolopatch.core.fork.rebuild.areas import area_files

LOSS_FILE, METRICS, SETTINGS = (
    "ultralytics/utils/loss.py",
    "ultralytics/utils/metrics.py",
    "ultralytics/cfg/default.yaml",
)
CALL = "iou = bbox_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask], xywh=False, CIoU=True)"


def changed(path: str, *parts: tuple[str, str, str]) -> FileChange:
    found = tuple(Part(name, 1, kind, (area,), f"{name} is another one") for name, kind, area in parts)
    return FileChange(path, CHANGED, tuple({part.affects[0] for part in found}), "changed", found)


@pytest.fixture
def fork_files(package) -> dict[str, bytes]:
    """Give the files of a fork with another overlap, from a function that it added, and other settings."""
    files = package("ultralytics-8.3.0")
    for path, old, new in (
        (LOSS_FILE, CALL, "iou = own_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask])"),
        (LOSS_FILE, "from .metrics import bbox_iou", "from .metrics import bbox_iou, own_iou"),
        (METRICS, "def bbox_iou(", "def own_iou(a, b):\n    return bbox_iou(a, b) ** POWER\n\n\ndef bbox_iou("),
        (METRICS, "OKS_SIGMA = ", "POWER = 0.5\nOKS_SIGMA = "),
        (SETTINGS, "box: 7.5", "box: 9.0"),
    ):
        assert old in files[path].decode()
        files[path] = files[path].decode().replace(old, new, 1).encode()
    return files


def test_a_method_is_replaced_and_brings_what_it_uses(package, fork_files):
    changes = [changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS))]
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [LOSS])
    assert set(found.files) == {LOSS_FILE, METRICS}
    assert "from ultralytics.utils.metrics import own_iou\n" in found.files[LOSS_FILE]
    assert all(text in found.files[METRICS] for text in ("POWER = 0.5\n", "def own_iou(a, b):"))
    for path, text in found.files.items():
        compile(text, path, "exec")
    # nothing else of the file has changed
    assert CALL not in found.files[LOSS_FILE]
    assert found.files[LOSS_FILE].count("\n") == package("ultralytics-8.3.0")[LOSS_FILE].count(b"\n") + 1


def test_a_method_brings_those_of_its_class_that_this_release_no_longer_has(package, fork_files):
    old = "        iou = own_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask])\n"
    forward = "    def forward(self, pred_dist,"
    text = fork_files[LOSS_FILE].decode()
    assert old in text
    text = text.replace(old, f"{old}        iou = self._weighed(iou) + self.dfl_loss.reg_max\n", 1)
    members = """\
    @staticmethod
    def _weighed(iou):
        return BboxLoss._half(iou)

    @classmethod
    def _half(cls, iou):
        return iou / 2

    def _idle(self):
        return None

"""
    assert forward in text
    fork_files[LOSS_FILE] = text.replace(forward, members + forward, 1).encode()
    changes = [changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS))]
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [LOSS])
    new = found.files[LOSS_FILE]
    compile(new, LOSS_FILE, "exec")
    assert "    @staticmethod\n    def _weighed(iou):\n" in new
    assert "    @classmethod\n    def _half(cls, iou):\n" in new
    assert "_idle" not in new


def test_a_constructor_sets_what_a_method_reads_that_this_release_no_longer_sets(package, fork_files):
    old = "        iou = own_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask])\n"
    call = "self.dfl_loss = DFLoss(reg_max) if reg_max > 1 else None\n"
    text = fork_files[LOSS_FILE].decode()
    assert old in text
    assert call in text
    read = "        iou = iou * self.ratio + self.gamma * self.share + self.seen\n"
    sets = """\
        self.ratio = POWER_OF_OWN * reg_max
        self.gamma = gamma
        self.share = [
            one / reg_max
            for one in range(reg_max)
        ]
        self.idle = 3
"""
    text = text.replace(old, f"{old}{read}", 1).replace(call, f"{call}{sets}", 1)
    text = text.replace("def __init__(self, reg_max=16):", "def __init__(self, reg_max=16, gamma=2.0):", 2)
    fork_files[LOSS_FILE] = text.replace(
        "\nclass VarifocalLoss", "\nPOWER_OF_OWN = 3\n\n\nclass VarifocalLoss", 1
    ).encode()
    changes = [changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS))]
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [LOSS])
    new = found.files[LOSS_FILE]
    compile(new, LOSS_FILE, "exec")
    constructor = new[new.index("class BboxLoss") : new.index("def forward(self, pred_dist")]
    assert "        self.ratio = POWER_OF_OWN * reg_max\n" in constructor
    assert "            for one in range(reg_max)\n        ]\n" in constructor
    assert "POWER_OF_OWN = 3\n" in new
    assert "self.idle" not in new
    assert "self.gamma = gamma" not in new
    assert found.lacking == (
        f"{LOSS_FILE}: BboxLoss.forward reads self.gamma, which the fork's constructor makes from gamma, and that of "
        "this release does not have: set it in BboxLoss.__init__",
    )
    # with its constructor among the changes, there is nothing to look for
    changes = [changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS), ("BboxLoss.__init__", CHANGED, LOSS))]
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [LOSS])
    assert "self.gamma = gamma" in found.files[LOSS_FILE]
    assert found.lacking == ()


def test_only_chosen_areas(package, fork_files):
    changes = [
        changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS)),
        changed(SETTINGS, ("box", CHANGED, TRAINING)),
    ]
    found = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [ASSIGNMENT, TRAINING])
    assert [(one.area, list(one.files)) for one in found] == [(TRAINING, [SETTINGS])]
    assert "\nbox: 9.0 #" in found[0].files[SETTINGS]


def test_what_no_yaml_reaches_stays_away(package, fork_files):
    unused = FileChange(METRICS, CHANGED, (LOSS,), "", (Part("own_iou", 1, ADDED, (LOSS,), "new", used=False),))
    assert area_files("Own", package("ultralytics-8.3.0"), fork_files, [unused], [LOSS]) == ()


def test_what_runs_at_import_finds_what_it_uses(package, fork_files):
    """The fork computes a value with a function of its own: the function stands before it, as in the fork."""
    text = fork_files[METRICS].decode()
    text = text.replace("POWER = 0.5\n", "\n\ndef half():\n    return 0.5\n\n\nPOWER = half()\n", 1)
    fork_files[METRICS] = text.encode()
    changes = [changed(LOSS_FILE, ("BboxLoss.forward", CHANGED, LOSS))]
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, changes, [LOSS])
    lines = found.files[METRICS].splitlines()
    assert lines.index("def half():") < lines.index("POWER = half()") < lines.index("def own_iou(a, b):")


def test_a_class_that_is_taken_as_a_whole_has_its_methods_once(package, fork_files):
    parts = (("BboxLoss.forward", CHANGED, LOSS), ("BboxLoss", CHANGED, LOSS))
    (found,) = area_files("Own", package("ultralytics-8.3.0"), fork_files, [changed(LOSS_FILE, *parts)], [LOSS])
    assert found.files[LOSS_FILE].count("iou = own_iou(") == 1
    assert found.files[LOSS_FILE].count("class BboxLoss") == 1
