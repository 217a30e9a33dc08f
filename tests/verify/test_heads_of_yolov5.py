"""A head of one's own in YOLOv5: what it predicts is held against what upstream's loss reads at the matched anchors."""

from __future__ import annotations

import textwrap

import pytest

from yolopatch.wire.statuses import FAIL, PASS, WARN

PIN = "yolov5-6.1"

DECOUPLED = '''
    class {name}({of}):
        """A convolution of its own for the boxes, the objectness and the classes of each map."""

        def __init__(self, nc=80, anchors=(), ch=(), inplace=True):
            super().__init__(nc, anchors, ch, inplace)
            self.anchors *= {factor}
            self.stem = nn.ModuleList(Conv(c, c, 3) for c in ch)

        def forward(self, x):
            maps, found = [], []
            for i, stem in enumerate(self.stem):
                y = self.m[i](stem(x[i]))
                b, _, h, w = y.shape
                y = y.view(b, self.na, self.no, h, w).permute(0, 1, 3, 4, 2).contiguous()
                maps.append({kept})
                if not self.training:
                    grid, sizes = self._make_grid(w, h, i)
                    y = {read}
                    xy = (y[..., :2] * 2 - 0.5 + grid) * self.stride[i]
                    wh = {wh}
                    found.append(torch.cat((xy, wh, {scores}), -1).view(b, -1, self.no))
            return maps if self.training else (torch.cat(found, 1), maps)
'''
# a head from nothing, for which upstream does not divide the anchors by the strides
ALONE = '''
    class Alone(nn.Module):
        """Upstream's head, written anew."""

        def __init__(self, nc, anchors, ch, inplace):
            super().__init__()
            self.nc, self.no, self.nl, self.na = nc, nc + 5, len(anchors), len(anchors[0]) // 2
            self.stride = torch.tensor([8.0, 16.0, 32.0])
            self.register_buffer("anchors", torch.tensor(anchors).float().view(self.nl, -1, 2))
            self.m = nn.ModuleList(nn.Conv2d(c, self.no * self.na, 1) for c in ch)

        def _make_grid(self, w, h, i):
            y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            return torch.stack((x, y), 2), self.anchors[i].view(1, self.na, 1, 1, 2)
'''
RIGHT = {
    "of": "Detect",
    "factor": "1",
    "kept": "y",
    "read": "y.sigmoid()",
    "wh": "(y[..., 2:4] * 2) ** 2 * sizes",
    "scores": "y[..., 4:]",
}
# name: what it does in another way, the status, and what is said
CASES = {
    "Decoupled": ({}, PASS, "the head's strides 8, 16, 32 are those of its maps"),
    "AsYolov3": (
        {"wh": "torch.exp(y[..., 2:4]) * sizes"},
        FAIL,
        "are not those that upstream's loss reads in its maps",
    ),
    "OneScale": ({"wh": "(y[..., 2:4] * 2) ** 2 * 8"}, FAIL, "are not those that upstream's loss reads in its maps"),
    "TwoSigmoids": ({"kept": "y.sigmoid()"}, FAIL, "no class can get a score below 0.5"),
    "PixelAnchors": ({"of": "Alone"}, FAIL, "are not those that upstream's loss reads in its maps"),
    "FarAnchors": ({"factor": "64"}, FAIL, "matches none of the 16 objects of a batch with its anchors"),
    "NoObjectness": ({"scores": "y[..., 4:].sigmoid()"}, WARN, "its scores in eval are not those that upstream's loss"),
}


@pytest.fixture
def workspace(full_workspace, git_in, tmp_path):
    place = tmp_path / "workspace"
    git_in(tmp_path, "clone", "-q", str(full_workspace(PIN)), str(place))
    parser = place / "models/yolo.py"
    text = parser.read_text()
    sources = textwrap.dedent(ALONE) + "".join(
        textwrap.dedent(DECOUPLED.format(name=name, **RIGHT | other)) + "\n" for name, (other, *_) in CASES.items()
    )
    branch = "elif m is Detect:"
    assert text.count(branch) == text.count("class Model(") == 1
    text = text.replace(branch, f"elif m in (Detect, {', '.join(CASES)}):").replace(
        "class Model(", f"{sources}\nclass Model("
    )
    parser.write_text(text)
    git_in(place, "commit", "-q", "-a", "-m", "Add heads of my own")
    return place


@pytest.mark.more
def test_the_boxes_of_a_head_of_ones_own_are_those_that_the_loss_of_yolov5_trains(workspace, findings, tmp_path):
    asked = []
    for name in CASES:
        cfg = tmp_path / f"yolov5n-{name}.yaml"
        text = (workspace / "models/yolov5n.yaml").read_text()
        cfg.write_text(text.replace(" Detect, [", f" {name}, ["))
        assert name in cfg.read_text()
        asked.append((cfg, "n", ("head",)))
    found = dict(zip(CASES, (one for (one,) in findings(workspace, PIN, asked)), strict=True))
    assert {name: one.status for name, one in found.items()} == {name: status for name, (_, status, _) in CASES.items()}
    assert {name: one.summary for name, one in found.items() if CASES[name][2] not in one.summary} == {}
    assert "(2 * sigmoid) ** 2 times the anchor" in found["AsYolov3"].hint
    assert "in cells" in found["PixelAnchors"].hint
