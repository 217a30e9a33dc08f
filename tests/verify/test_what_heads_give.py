"""A head that gives in training another structure than upstream's: the cause is the head, wherever it comes out."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import FAIL, PASS

from .conftest import PIN

# inherits from upstream's head, which gives `x`
INHERITED = """
    from ultralytics.nn.modules.head import Detect


    class {name}(Detect):
        def forward(self, x):
            x = super().forward(x)
            return {given} if self.training else x
"""
# inherits from nothing, and sets its own strides and biases
WRITTEN = """
    from ultralytics.utils.tal import dist2bbox, make_anchors


    class {name}(nn.Module):
        dynamic = export = end2end = False
        format = shape = None
        anchors = strides = torch.empty(0)

        def __init__(self, nc, ch):
            super().__init__()
            self.nc, self.nl, self.reg_max, self.no = nc, len(ch), 16, nc + 64
            self.register_buffer("stride", torch.tensor([8.0, 16.0, 32.0]))
            self.cv = nn.ModuleList(nn.Sequential(Conv(c, c, 3), nn.Conv2d(c, self.no, 1)) for c in ch)
            self.dfl = DFL(16)
            for layer in self.cv:
                layer[1].bias.data[64:] = -8.0

        def forward(self, x):
            x = [layer(level) for layer, level in zip(self.cv, x)]
            if self.training:
                return {given}
            anchors, strides = (a.transpose(0, 1) for a in make_anchors(x, self.stride, 0.5))
            box, cls = torch.cat([level.flatten(2) for level in x], 2).split((64, self.nc), 1)
            box = dist2bbox(self.dfl(box), anchors.unsqueeze(0), xywh=True, dim=1) * strides
            return torch.cat((box, cls.sigmoid()), 1), x
"""
MAPS = "where upstream's own head returns list(Tensor 2x144x16x16, Tensor 2x144x8x8, Tensor 2x144x4x4)"
ON_RETURN = "return in training what upstream's own head returns"
# name: which of the two, what it gives, the check that fails, what it says, its hint
CASES = {
    "SameWritten": (WRITTEN, "x", "gradient-flow", None, ""),
    "DictWritten": (
        WRITTEN,
        "{'feats': x}",
        "gradient-flow",
        "returns dict(feats) in training, " + MAPS,
        ON_RETURN,
    ),
    "TupleWritten": (WRITTEN, "(x, x[0].mean())", "learns", "returns tuple(list(Tensor 2x144x16x16, ", ON_RETURN),
    "NoneWritten": (WRITTEN, "None", "gradient-flow", "returns None in training", ON_RETURN),
    "JoinedWritten": (
        WRITTEN,
        "torch.cat([m.flatten(2) for m in x], 2)",
        "learns",
        "returns Tensor 2x144x336 in",
        ON_RETURN,
    ),
    "FewerWritten": (
        WRITTEN,
        "x[:2]",
        "gradient-flow",
        "returns list(Tensor 2x144x16x16, Tensor 2x144x8x8) in",
        ON_RETURN,
    ),
    "ChannelsWritten": (
        WRITTEN,
        "[m[:, :68] for m in x]",
        "gradient-flow",
        "returns list(Tensor 2x68x16x16, ",
        ON_RETURN,
    ),
    "FlatInherited": (
        INHERITED,
        "[m.flatten(2) for m in x]",
        "head",
        "its strides are 1.778",
        "which is list(Tensor 2x144x256, ",
    ),
    "TurnedInherited": (
        INHERITED,
        "x[::-1]",
        "head",
        "its strides are 32, 16, 8",
        "return them in the order of its row",
    ),
    "FewerInherited": (INHERITED, "x[:2]", "forward", "has 2 of the 3 strides of its maps", "one map for each map"),
    "JoinedInherited": (
        INHERITED,
        "torch.cat([m.flatten(2) for m in x], 2)",
        "forward",
        "has 1 of the 3",
        "one map for each",
    ),
    "DictInherited": (INHERITED, "{'feats': x}", "build", "in training it returns dict(feats)", ON_RETURN),
}


@pytest.mark.more
def test_a_head_of_another_structure_is_the_cause_and_not_the_line_of_the_loss(
    broken_workspace, broken_cfg, findings, tmp_path
):
    sources = {name: text.format(name=name, given=given) for name, (text, given, *_) in CASES.items()}
    workspace = broken_workspace(sources, branches=dict.fromkeys(sources, "args.append([ch[x] for x in f])"))
    asked = []
    for name, (_, _, check, *_) in CASES.items():
        cfg = broken_cfg(name, (23,), folder=tmp_path)
        cfg.write_text(cfg.read_text().replace(f"{name}, []", f"{name}, [nc]"))
        asked.append((cfg, "n", (check,)))
    for found, (name, (_, _, check, said, hint)) in zip(findings(workspace, PIN, asked), CASES.items(), strict=True):
        one = next(one for one in found if one.id == check)
        assert (name, one.status) == (name, FAIL if said else PASS), one.summary
        assert said is None or said in one.summary, name
        assert hint in one.hint, name
