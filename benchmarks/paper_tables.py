"""Count what the papers' tables claim: published, measured, and their difference. Nothing is timed.

Multiply-adds are what torch's FlopCounterMode counts, halved, for one image of 224x224 in eval mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import ResNet, mobilenet_v2, resnet50
from torchvision.models.resnet import BasicBlock

from yolopatch.modules.convolutions.dynamic_conv2d import PaperDynamic_conv2d
from yolopatch.modules.convolutions.dynamicconv import PaperDynamicConv
from yolopatch.modules.convolutions.spconv import SPConv_3x3

MILLION, BILLION = 1e6, 1e9


@dataclass(frozen=True)
class Row:
    """One figure of a paper beside ours."""

    what: str
    published: float
    measured: float
    digits: int = 2

    def __str__(self) -> str:
        figures = (self.published, self.measured, self.measured - self.published)
        return f"  {self.what:<58}" + "".join(f"{figure:>12.{self.digits}f}" for figure in figures)


@dataclass(frozen=True)
class Counts:
    """What one pass of a model has: parameters, multiply-adds, and the elements that norms and ReLUs put out."""

    parameters: int
    multiply_adds: float
    norms: int
    relus: int

    @property
    def with_norms(self) -> float:
        """Multiply-adds and 4 for each element of a BatchNorm, 1 for each of a ReLU."""
        return self.multiply_adds + 4 * self.norms + self.relus


def count(model: nn.Module, channels: int = 3, side: int = 224) -> Counts:
    """Run a model on the meta device once and count."""
    elements = {nn.BatchNorm2d: 0, nn.ReLU: 0}

    def add(module: nn.Module, _, out: torch.Tensor) -> None:
        if type(module) in elements:
            elements[type(module)] += out.numel()

    handles = [module.register_forward_hook(add) for module in model.modules()]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, channels, side, side, device="meta"))
    for handle in handles:
        handle.remove()
    parameters = sum(p.numel() for p in model.parameters())
    return Counts(parameters, counter.get_total_flops() / 2, elements[nn.BatchNorm2d], elements[nn.ReLU])


def replaced(model: nn.Module, wanted: Callable[[nn.Conv2d], bool], make: Callable[[nn.Conv2d], nn.Module]) -> Counts:
    """Count a model with some of its convolutions replaced."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and wanted(child):
                setattr(parent, name, make(child))
    return count(model)


def spconv() -> Iterator[Row]:
    """ResNet-50 with every 3x3 convolution as SPConv (arXiv 2006.12085, ImageNet table)."""

    def rows(name: str, counts: Counts, parameters: float, multiply_adds: float) -> Iterator[Row]:
        yield Row(f"{name}: M parameters", parameters, counts.parameters / MILLION)
        yield Row(f"{name}: G multiply-adds", multiply_adds, counts.multiply_adds / BILLION)
        yield Row("  the same with 4 per BatchNorm and 1 per ReLU element", multiply_adds, counts.with_norms / BILLION)

    yield from rows("ResNet-50", count(resnet50()), 25.56, 4.14)
    for part, ratio, parameters, multiply_adds in (
        ("1/2", 1 / 2, 18.34, 2.97),
        ("1/4", 1 / 4, 16.93, 2.74),
        ("1/8", 1 / 8, 16.22, 2.62),
    ):
        counts = replaced(
            resnet50(),
            lambda conv: conv.kernel_size == (3, 3),
            lambda conv, ratio=ratio: SPConv_3x3(conv.in_channels, conv.out_channels, conv.stride[0], ratio),
        )
        yield from rows(f"SPConv, alpha = {part}", counts, parameters, multiply_adds)


def dynamic_convolution() -> Iterator[Row]:
    """Networks with every convolution but the first dynamic, K = 4 (arXiv 1912.03458, ImageNet tables)."""

    def dynamic(conv: nn.Conv2d) -> nn.Module:
        k, s, p = conv.kernel_size[0], conv.stride[0], conv.padding[0]
        return PaperDynamic_conv2d(conv.in_channels, conv.out_channels, k, 0.25, s, p, groups=conv.groups)

    for name, model, parameters, multiply_adds in (
        ("DY-MobileNetV2", mobilenet_v2(), 11.1, 0.626 / 2),
        ("DY-ResNet-10", ResNet(BasicBlock, [1, 1, 1, 1]), 18.6, 1.82 / 2),
    ):
        counts = replaced(model, lambda conv: conv.in_channels != 3, dynamic)
        layers = [layer for layer in model.modules() if isinstance(layer, PaperDynamic_conv2d)]
        kernels, of_one = (sum(n(layer.weight) for layer in layers) for n in (torch.numel, lambda w: w[0].numel()))
        yield Row(f"{name}: kernels' parameters by the base's", 4, kernels / of_one)
        yield Row(f"{name}: M parameters", parameters, counts.parameters / MILLION, 1)
        yield Row(f"{name}: G multiply-adds", multiply_adds, counts.multiply_adds / BILLION, 3)


def parameternet() -> Iterator[Row]:
    """One dynamic layer by its convolution (arXiv 2306.14525): the closed form for parameters, about 1 for FLOPs."""
    for inputs, outputs, k, experts in ((64, 128, 3, 4), (256, 256, 3, 4), (128, 128, 1, 4), (256, 256, 3, 8)):
        layer = PaperDynamicConv(inputs, outputs, k, num_experts=experts)
        conv = nn.Conv2d(inputs, outputs, k, padding=k // 2, bias=False)
        ours, base = count(layer, inputs, 56), count(conv, inputs, 56)
        biases = sum(p.numel() for name, p in layer.named_parameters() if name.endswith("bias"))
        expected = inputs / (outputs * k * k) + experts / (outputs * k * k) + experts
        name = f"{inputs} to {outputs}, {k}x{k}, M = {experts}"
        yield Row(f"{name}: parameters", expected, (ours.parameters - biases) / base.parameters, 3)
        yield Row(f"{name}: multiply-adds at 56x56", 1, ours.multiply_adds / base.multiply_adds, 3)


NOTES = {
    spconv: """\
  A counter that adds 4 operations for each element of a BatchNorm's output and 1 for a ReLU's gives the published
  multiply-adds: in every digit for the base, 1/2 and 1/4; for 1/8 it gives 2.6257, which is 2.62 cut off, not rounded.
  The parameters have the biases of the 1x1 convolutions, as the authors' code has: 3,776, which the BatchNorm behind
  them removes. With them alpha = 1/2 has 18.345 M, which is 18.34 cut off; without them 18.342 M.""",
    dynamic_convolution: """\
  Published are the paper's figures as Papers with Code lists them (its GFLOPs are twice the multiply-adds). Here every
  convolution but the first is dynamic, depthwise and downsampling ones too, each with an attention of its own (hidden
  width 1/4 of its inputs) and a bias for each kernel. The paper's networks have fewer parameters; which layers or
  attentions they leave out could not be found out.""",
    parameternet: """\
  Published is the paper's formula C_in / (C_out K^2) + M / (C_out K^2) + M, which counts no biases. What the
  multiply-adds have above 1 is the routing and the mixing of the kernels.""",
}


def main() -> None:
    """Print every table."""
    with torch.device("meta"):
        for table, note in NOTES.items():
            print(table.__doc__.strip())
            print(f"  {'':<58}{'published':>12}{'measured':>12}{'difference':>12}")
            for row in table():
                print(row)
            print(note, end="\n\n")


if __name__ == "__main__":
    main()
