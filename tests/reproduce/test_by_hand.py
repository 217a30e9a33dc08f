"""A checkpoint made by following a post by hand loads in the workspace of the flavor `tutorial`, and the reverse.

The classes by hand keep the attributes that the posts print, and no others.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from yolopatch.outside.probe.inspect import inspect_interpreter

REFCONV = """
import torch
import torch.nn as nn
from torch.nn import functional as F


class RefConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=None, groups=1, map_k=3):
        super(RefConv, self).__init__()
        shape = out_channels, in_channels // groups, kernel_size, kernel_size
        planes = out_channels * in_channels // groups
        self.register_buffer("weight", torch.zeros(*shape))
        self.convmap = nn.Conv2d(
            planes, planes, map_k, 1, map_k // 2, groups=in_channels * out_channels // groups**2, bias=False
        )
        self.origin_kernel_shape, self.num_2d_kernels, self.kernel_size = shape, planes, kernel_size
        self.bias, self.stride, self.groups = None, stride, groups
        self.padding = kernel_size // 2 if padding is None else padding

    def forward(self, inputs):
        image = self.weight.view(1, self.num_2d_kernels, self.kernel_size, self.kernel_size)
        kernel = self.weight + self.convmap(image).view(*self.origin_kernel_shape)
        return F.conv2d(inputs, kernel, self.bias, self.stride, self.padding, 1, self.groups)
"""
DYNAMIC = """

class attention2d(nn.Module):
    def __init__(self, in_planes, ratios, K, temperature, init_weight=True):
        super(attention2d, self).__init__()
        assert temperature % 3 == 1
        hidden = int(in_planes * ratios) if in_planes != 3 else K
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(in_planes, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, K, 1, bias=False)
        self.temperature = temperature

    def forward(self, x):
        found = self.fc2(nn.functional.relu(self.fc1(self.avgpool(x)))).view(x.size(0), -1)
        return nn.functional.softmax(found / self.temperature, 1)


class Dynamic_conv2d(nn.Module):
    def __init__(self, in_planes, out_planes, kernel_size, ratio=0.25, stride=1, padding=0, dilation=1, groups=1,
                 bias=True, K=4, temperature=34, init_weight=True):
        super(Dynamic_conv2d, self).__init__()
        self.in_planes, self.out_planes, self.kernel_size = in_planes, out_planes, kernel_size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.bias, self.K = bias, K
        self.attention = attention2d(in_planes, ratio, K, temperature)
        self.weight = nn.Parameter(torch.randn(K, out_planes, in_planes // groups, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(K, out_planes)) if bias else None

    def forward(self, x):
        attention = self.attention(x)
        n, _, height, width = x.size()
        kernels = torch.mm(attention, self.weight.view(self.K, -1))
        kernels = kernels.view(-1, self.in_planes, self.kernel_size, self.kernel_size)
        bias = None if self.bias is None else torch.mm(attention, self.bias).view(-1)
        x = nn.functional.conv2d(x.view(1, -1, height, width), kernels, bias, self.stride, self.padding,
                                 self.dilation, self.groups * n)
        return x.view(n, self.out_planes, x.size(-2), x.size(-1))
"""
# Build a model from a YAML or load one, change it so that no layer is dead, and print the sum of its outputs.
RUN = """
import json, sys
import torch
given = json.load(sys.stdin)
if given["pin"].startswith("ultralytics"):
    from ultralytics import YOLO
    build = lambda: YOLO(given["cfg"]).model
    load = lambda file: YOLO(file).model
else:
    from models.yolo import Model
    build = lambda: Model(given["cfg"])
    load = lambda file: torch.load(file, map_location="cpu", weights_only=False)["model"]
torch.manual_seed(0)
image = torch.rand(2, 3, 64, 64)
def outputs(model):
    with torch.no_grad():
        found = model.float().eval()(image)
    return float((found[0] if isinstance(found, (tuple, list)) else found).double().abs().sum())
told = []
for file in given["load"]:
    model = load(file)
    told.append(outputs(model))
    if given["fuse"]:
        told.append(outputs(model.fuse()))
if given["save"]:
    model = build()
    for module in model.modules():
        if type(module).__name__ == "RefConv":
            torch.nn.init.normal_(module.weight, std=0.05)
        if type(module).__name__ == "Dynamic_conv2d":
            torch.nn.init.normal_(module.bias)
    told.append(outputs(model))
    whole = {"model": model, "ema": None, "epoch": -1, "optimizer": None, "date": "", "train_args": {}}
    torch.save(whole, given["save"])
print(json.dumps(told))
"""
POSTS = {
    "ultralytics-8.4.0": ("RefConv", "yolo26"),
    "yolov5-6.1": ("Dynamic_conv2d", "yolov5"),
}


def follow(tree: Path, pin: str) -> None:
    """Do by hand what the post says."""
    if pin.startswith("ultralytics"):
        (tree / "ultralytics/nn/conv").mkdir()
        (tree / "ultralytics/nn/conv/RefConv.py").write_text(REFCONV)
        parser, line = tree / "ultralytics/nn/tasks.py", "from ultralytics.nn.conv.RefConv import RefConv\n"
        text = parser.read_text().replace("import torch\n", f"import torch\n{line}", 1)
        parser.write_text(text.replace("            Conv,\n", "            Conv,\n            RefConv,\n", 1))
    else:
        with (tree / "models/common.py").open("a") as file:
            file.write(DYNAMIC)
        parser = tree / "models/yolo.py"
        parser.write_text(parser.read_text().replace("if m in [Conv,", "if m in [Dynamic_conv2d, Conv,", 1))


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.4.0", "yolov5-6.1"])
def test_checkpoints_go_both_ways(pin, pristine_tree, full_workspace, module_cfg, in_upstream, tmp_path):
    module, model = POSTS[pin]
    cfg, _ = module_cfg(module, model, "n", "tutorial")
    shutil.copy(inspect_interpreter(sys.executable).font, tmp_path / "Arial.ttf")  # v6.1 would download it
    by_hand = Path(shutil.copytree(pristine_tree(pin), tmp_path / "plain"))
    follow(by_hand, pin)

    def run(tree: Path, load: list[Path], save: Path | None) -> list[float]:
        given = {"pin": pin, "cfg": str(cfg), "load": list(map(str, load)), "save": save and str(save)}
        return json.loads(in_upstream(tree, RUN, given={**given, "fuse": tree != by_hand}).splitlines()[-1])

    theirs, ours = tmp_path / "theirs.pt", tmp_path / "ours.pt"
    (by_them,) = run(by_hand, [], theirs)
    loaded, fused, by_us = run(full_workspace(pin, "tutorial"), [theirs], ours)
    assert (loaded, fused) == (pytest.approx(by_them, rel=1e-5), pytest.approx(by_them, rel=1e-3))
    assert run(by_hand, [ours], None) == pytest.approx([by_us], rel=1e-5)
