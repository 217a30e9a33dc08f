"""Which of upstream's own files a model is compared with: one of the same task, whatever its head and its name."""

from __future__ import annotations

import pytest
import yaml

from yolopatch.probe.base.bases import find_base
from yolopatch.wire.statuses import PASS

from .conftest import PIN

INHERITED = """
class {name}({of}):
    def __init__(self, nc, width=64, *args):
        super().__init__(nc, *args)
"""
# A head that inherits from none of upstream's classes; its arguments are as unlike Detect's as OBB's.
COPIED = """
class CopiedDetect(nn.Module):
    def __init__(self, nc, width=64, ch=()):
        super().__init__()
        self.head = Detect(nc, ch)
        self.nc, self.nl, self.no, self.reg_max = nc, self.head.nl, self.head.no, self.head.reg_max
        self.stride = self.head.stride = torch.tensor((8.0, 16.0, 32.0))
        self.head.bias_init()

    def forward(self, x):
        return self.head(x)
"""
LAST = "args.append([ch[x] for x in f])"
# (name, what it is, upstream's file, the name of the user's file)
HEADS = (
    ("OwnDetect", "Detect", "11/yolo11", "yolo11-obb-light.yaml"),
    ("OwnSegment", "Segment", "11/yolo11-seg", "yolo11-light.yaml"),
    ("OwnPose", "Pose", "11/yolo11-pose", "yolo11-light.yaml"),
    ("OwnTurned", "OBB", "11/yolo11-obb", "light.yaml"),
    ("OwnDecoder", "RTDETRDecoder", "v8/yolov8-rtdetr", "yolov8-light.yaml"),
    ("OwnTenth", "v10Detect", "v10/yolov10n", "yolov8-light.yaml"),
    ("CopiedDetect", None, "11/yolo11", "yolo11-light.yaml"),
    ("CopiedDetect", None, "v8/yolov8", "yolov8-light.yaml"),
)


@pytest.fixture
def workspace(broken_workspace):
    sources = {name: INHERITED.format(name=name, of=of) for name, of, *_ in HEADS if of} | {"CopiedDetect": COPIED}
    imports = "from ultralytics.nn.modules.head import Detect, OBB, Pose, RTDETRDecoder, Segment, v10Detect\n"
    return broken_workspace(
        {name: imports + source for name, source in sources.items()}, branches=dict.fromkeys(sources, LAST)
    )


def test_the_base_of_a_head_of_ones_own_is_of_its_task(workspace, findings, tmp_path):
    asked, expected = [], []
    for number, (name, of, file, own) in enumerate(HEADS):
        cfg = tmp_path / str(number) / own
        cfg.parent.mkdir()
        lines = (workspace / f"ultralytics/cfg/models/{file}.yaml").read_text().splitlines()
        last = max(number for number, line in enumerate(lines) if line.startswith("  - "))
        rows, _, given = lines[last].rpartition(f" {of or 'Detect'}, [nc")
        lines[last] = f"{rows} {name}, [nc, 64{given}"
        cfg.write_text("\n".join(lines) + "\n")
        asked.append((cfg, "n", ("build", "forward")))
        expected.append(f"ultralytics/cfg/models/{file}.yaml")
    answers = findings(workspace, PIN, asked)
    found = [build.facts["base_cfg"].removeprefix(f"{workspace}/") for build, _ in answers]
    assert found == expected
    assert [forward.status for _, forward in answers] == [PASS] * len(HEADS)


ROWS = {
    "backbone": [[-1, 1, "Conv", [16, 3, 2]], [-1, 1, "C3", [16]]],
    "head": [[-1, 1, "Conv", [32, 3, 2]], [[1, 2], 1, "Detect", ["nc", "anchors"]]],
}


def test_of_files_with_the_same_rows_the_base_is_the_one_with_the_same_other_keys(tmp_path):
    (tmp_path / "models").mkdir()
    other = {"activation": "nn.LeakyReLU(0.1)"}
    for name, keys in (("small.yaml", {}), ("small-leaky.yaml", other)):
        (tmp_path / "models" / name).write_text(yaml.safe_dump({"nc": 80, **keys, **ROWS}))
    for keys, expected in (({}, "small.yaml"), (other, "small-leaky.yaml")):
        found = find_base([tmp_path], {"nc": 3, **keys, **ROWS}, "small-leaky-mine.yaml", lambda data: dict)
        assert found is not None
        assert found.file.name == expected
