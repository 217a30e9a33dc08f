"""The warning about upstream's GFLOPs is for what a replaced layer does, not for what every model has."""

from __future__ import annotations

import pytest

from yolopatch.probe.tensors.tensors import layer_index
from yolopatch.wire.statuses import PASS, WARN

from .conftest import PIN

# the weights of its convolution are an argument: upstream's counter sees modules alone
FUNCTIONAL = """
    class Functional(nn.Module):
        \"\"\"A convolution as a function.\"\"\"

        def __init__(self, c1, c2, k=3, s=1):
            super().__init__()
            self.weight, self.s, self.p = nn.Parameter(torch.randn(c2, c1, k, k) * 0.05), s, k // 2

        def forward(self, x):
            return F.silu(F.conv2d(x, self.weight, None, self.s, self.p))
"""
# so light that what upstream counts wrongly of the other layers is over one percent of the whole
LIGHT = """
    class Light(nn.Module):
        \"\"\"A pooling, and a convolution of points.\"\"\"

        def __init__(self, c1, c2, k=3, s=1):
            super().__init__()
            self.pool, self.conv = nn.AvgPool2d(s) if s > 1 else nn.Identity(), nn.Conv2d(c1, c2, 1)

        def forward(self, x):
            return self.conv(self.pool(x))
"""

SLOPED = """
    class Sloped(nn.Module):
        \"\"\"A small convolution, and activations with parameters.\"\"\"

        def __init__(self, c1, c2, k=3, s=1):
            super().__init__()
            self.conv, self.act = nn.Conv2d(c1, c2, 1, s), nn.Sequential(*(nn.PReLU(c2) for _ in range(8)))

        def forward(self, x):
            return self.act(self.conv(x))
"""

TWINS = """
    class Twins(nn.Module):
        \"\"\"Two ways with one convolution in both.\"\"\"

        def __init__(self, c1, c2, k=3, s=1):
            super().__init__()
            shared = nn.Conv2d(c1, c1, 3, 1, 1)
            self.ways = nn.ModuleList(nn.Sequential(shared, nn.Conv2d(c1, c2, 1, s)) for _ in range(2))

        def forward(self, x):
            return self.ways[0](x) + self.ways[1](x)
"""


@pytest.mark.more
def test_only_a_replaced_layers_part_is_warned_of(broken_workspace, broken_cfg, findings):
    workspace = broken_workspace({"Functional": FUNCTIONAL, "Light": LIGHT, "Sloped": SLOPED, "Twins": TWINS})
    every = (1, 3, 5, 7, 17, 20)
    asked = [(broken_cfg(name, every), "n", ("flops",)) for name in ("Functional", "Light", "Sloped")]
    asked.append((broken_cfg("Twins", (5,)), "n", ("flops",)))
    (functional,), (light,), (sloped,), (twins,) = findings(workspace, PIN, asked)
    assert ": PReLU, norms and the base's own layers make " in sloped.summary
    assert ": norms and the base's own layers make " in twins.summary
    assert {row["class"] for row in twins.evidence["why"] if row["layers"] != "the base's"} == set()
    assert functional.status == WARN
    assert "% without norms and the base's own layers: Functional (" in functional.summary
    assert light.status == PASS
    assert abs(light.evidence["model"]["excess"]) > 0.01
    assert all(row["layers"] == "the base's" or "no weights" in row["why"] for row in light.evidence["why"])
    assert any(row["layers"] == "the base's" and "no weights" not in row["why"] for row in light.evidence["why"])
    assert {row["class"] for row in functional.evidence["why"] if row["layers"] != "the base's"} == {"Functional"}


# the counter's image gives it maps of a few pixels
SIZED = """
    class Sized(nn.Module):
        \"\"\"A dense convolution of small maps, one of points of large maps; or the other way round.\"\"\"

        def __init__(self, c1, c2, k=3, s=1, swapped=False):
            super().__init__()
            self.dense, self.points = nn.Conv2d(c1, c2, 3, s, 1), nn.Conv2d(c1, c2, 1, s)
            self.swapped = swapped

        def forward(self, x):
            return self.dense(x) if (x.shape[-1] < 20) != self.swapped else self.points(x)
"""


@pytest.mark.more
def test_a_convolution_that_the_counters_small_image_alone_asks_for_is_no_norm(
    broken_workspace, broken_cfg, findings, tmp_path
):
    workspace = broken_workspace({"Sized": SIZED})
    folders = [tmp_path / name for name in ("small", "large")]
    for folder in folders:
        folder.mkdir()
    rows = zip(("3, 2", "3, 2, True"), folders, strict=True)
    files = [broken_cfg("Sized", (1, 3), row, folder=folder) for row, folder in rows]
    (small,), (large,) = findings(workspace, PIN, [(file, "n", ("flops",)) for file in files])
    assert (small.status, large.status) == (WARN, WARN)
    assert "Conv2d in Sized" in small.summary
    assert "computes for the counter's small image, but not for one of the real size" in small.summary
    assert "computes for an image of the real size, but not for the counter's small one" in large.summary


def test_what_the_model_itself_computes_is_of_no_layer():
    names = ("model.3", "model.23.cv3.0.weight", "model.30", "", "model", "model.x", "teacher.model.3")
    assert list(map(layer_index, names)) == [3, 23, 30, None, None, None, None]
