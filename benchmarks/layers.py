"""Time each module's layers beside the convolutions that they stand for, in one process: medians and ratios.

Run with `python benchmarks/layers.py`, or with names of modules to time these alone. Sizes are those of the models'
layers at 640 pixels. Every round times the convolution and the layer one after the other, and a ratio is the median
of the rounds' ratios, so that a machine that is busy for a while slows both.

A dynamic layer has to read all of its image and its experts, which takes long where memory is slow beside arithmetic.
Its rounds also time the least that any formulation does: to average the image, to mix the experts into memory that is
there already, and to convolve with the result. Where that alone takes more than the aim, the aim is what it takes, and
a share for the attention.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn

from timing import rounds
from yolopatch.modules.convolutions.dsconv import PaperDSConv
from yolopatch.modules.convolutions.dynamic_conv2d import PaperDynamic_conv2d
from yolopatch.modules.convolutions.dynamicconv import PaperDynamicConv
from yolopatch.modules.convolutions.refconv import PaperRefConv
from yolopatch.modules.convolutions.spconv import SPConv_3x3

LEAST_ROUNDS = rounds(5)
# for how long each comparison goes on after these: not at all where the number of rounds is given
SECONDS = 0.0 if os.environ.get("ROUNDS") else float(os.environ.get("SECONDS_EACH", "4"))
# how much longer than the least a dynamic layer may take: its attention calls a dozen operators on one pixel, which
# take their time whatever the processor's arithmetic
ATTENTION, ATTENTION_SECONDS = 1.15, 80e-6
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Size:
    """A convolution of a model at 640 pixels: where it is, its channels, kernel, stride, and its input's side."""

    where: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    side: int

    def conv(self, bias: bool) -> nn.Conv2d:
        """The convolution itself."""
        return nn.Conv2d(self.inputs, self.outputs, self.kernel, self.stride, self.kernel // 2, bias=bias)

    def __str__(self) -> str:
        shape = f"{self.inputs} to {self.outputs}, {self.kernel}x{self.kernel} /{self.stride} on {self.side}"
        return f"{self.where:<12}{shape}"


DOWN_N = (
    Size("yolo26n 1", 16, 32, 3, 2, 320),
    Size("yolo26n 3", 64, 64, 3, 2, 160),
    Size("yolo26n 5", 128, 128, 3, 2, 80),
    Size("yolo26n 7", 128, 256, 3, 2, 40),
)
DOWN_M = (
    Size("yolo26m 1", 64, 128, 3, 2, 320),
    Size("yolo26m 3", 256, 256, 3, 2, 160),
    Size("yolo26m 5", 512, 512, 3, 2, 80),
    Size("yolo26m 7", 512, 512, 3, 2, 40),
)
DOWN_V8M = (
    Size("yolov8m 1", 48, 96, 3, 2, 320),
    Size("yolov8m 3", 96, 192, 3, 2, 160),
    Size("yolov8m 5", 192, 384, 3, 2, 80),
    Size("yolov8m 7", 384, 576, 3, 2, 40),
)
BLOCKS_V8M = (
    Size("yolov8m 2", 48, 48, 3, 1, 160),
    Size("yolov8m 4", 96, 96, 3, 1, 80),
    Size("yolov8m 6", 192, 192, 3, 1, 40),
    Size("yolov8m 8", 288, 288, 3, 1, 20),
)
HEADS = (
    Size("yolov5n 10", 256, 128, 1, 1, 20),
    Size("yolov5n 14", 128, 64, 1, 1, 40),
    Size("yolov5m 10", 768, 384, 1, 1, 20),
    Size("yolov5m 14", 384, 192, 1, 1, 40),
)


@dataclass(frozen=True)
class Comparison:
    """A layer against its convolution, as functions that do the same piece of work, and what is the least of it."""

    what: str
    base: Callable[[], object]
    layer: Callable[[], object]
    aim: float
    least: Callable[[], object] | None = None

    def rounds(self) -> Iterator[list[float]]:
        """Time all in turn until the time is up; the first round warms up."""
        takers = [work for work in (self.base, self.layer, self.least) if work]
        for work in takers:
            timed(work)
        end = time.perf_counter() + SECONDS
        done = 0
        while done < LEAST_ROUNDS or time.perf_counter() < end:
            yield [timed(work) for work in takers]
            done += 1

    def __str__(self) -> str:
        rounds = list(self.rounds())
        base, layer, *_ = (statistics.median(seconds) * 1e3 for seconds in zip(*rounds))
        ratio, *least = (
            statistics.median(seconds[n] / seconds[0] for seconds in rounds) for n in range(1, len(rounds[0]))
        )
        aim = max([self.aim, *(max(ATTENTION * part, part + ATTENTION_SECONDS * 1e3 / base) for part in least)])
        verdict = "" if ratio <= aim else "  missed"
        allowed = f"{self.aim}" if aim == self.aim else f"{aim:.2f}, the least being {least[0]:.2f}"
        return f"  {self.what:<52}{base:>9.2f}{layer:>9.2f}{ratio:>8.2f}  aim: at most {allowed}{verdict}"


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes, on a GPU until it is done."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def inference(module: nn.Module, x: torch.Tensor) -> Callable[[], object]:
    """One forward in eval mode."""
    module = module.to(DEVICE).eval()

    def work() -> object:
        with torch.no_grad():
            return module(x)

    return work


def training(module: nn.Module, x: torch.Tensor) -> Callable[[], object]:
    """One step: forward, backward, SGD."""
    module = module.to(DEVICE).train()
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=1e-3, momentum=0.9)

    def work() -> None:
        optimizer.zero_grad()
        module(x).square().mean().backward()
        optimizer.step()

    return work


def images(size: Size, batch: int) -> torch.Tensor:
    """A batch of what the layer is given."""
    return torch.randn(batch, size.inputs, size.side, size.side, device=DEVICE)


def folded(layer: nn.Module, outputs: int) -> nn.Module:
    """What upstream's fuse() leaves of a layer with BatchNorm behind it."""
    return layer.folded(torch.rand(outputs) + 0.5, torch.randn(outputs))


def with_norm(layer: nn.Module, outputs: int) -> nn.Module:
    """A layer as it trains, with BatchNorm and activation behind it."""
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.SiLU())


def refconv() -> Iterator[Comparison]:
    """RefConv."""
    for size in (*DOWN_N, *DOWN_M[2:]):
        x = images(size, 1)
        layer = PaperRefConv(size.inputs, size.outputs, size.kernel, size.stride)
        nn.init.normal_(layer.convmap.weight, std=0.1)
        pair = inference(size.conv(bias=True), x), inference(folded(layer, size.outputs), x)
        yield Comparison(f"{size}, fused", *pair, aim=1.02)
    for size, batch in ((DOWN_N[0], 8), (DOWN_N[3], 8), (DOWN_M[3], 8)):
        x = images(size, batch)
        layer = PaperRefConv(size.inputs, size.outputs, size.kernel, size.stride)
        base, own = (training(with_norm(m, size.outputs), x) for m in (size.conv(bias=False), layer))
        yield Comparison(f"{size}, step, batch {batch}", base, own, aim=1.15)
    x = images(DOWN_N[0], 4)
    base, layers = (stack(make) for make in (Size.conv, lambda s, **_: PaperRefConv(s.inputs, s.outputs, 3, s.stride)))
    yield Comparison("stack 16-32-64-128-256, step, batch 4", training(base, x), training(layers, x), aim=1.15)


def stack(make: Callable[..., nn.Module]) -> nn.Module:
    """Four down-sampling layers in a row, each with BatchNorm and activation."""
    sizes = [Size("", 16 * 2**n, 32 * 2**n, 3, 2, 320 // 2**n) for n in range(4)]
    return nn.Sequential(*(with_norm(make(size, bias=False), size.outputs) for size in sizes))


def dynamicconv() -> Iterator[Comparison]:
    """DynamicConv."""
    for batch, aim in ((1, 1.25), (16, 1.5)):
        for size in (*DOWN_N, *(DOWN_M[2:] if batch == 1 else DOWN_M[3:])):
            layer = PaperDynamicConv(size.inputs, size.outputs, size.kernel, size.stride)
            yield dynamic(size, batch, layer, aim)


def dynamic_conv2d() -> Iterator[Comparison]:
    """Dynamic_conv2d."""
    for batch, aim in ((1, 1.25), (16, 1.5)):
        for size in HEADS:
            layer = PaperDynamic_conv2d(size.inputs, size.outputs, size.kernel)
            yield dynamic(size, batch, layer, aim)


def dynamic(size: Size, batch: int, layer: nn.Module, aim: float) -> Comparison:
    """A fused dynamic layer against the fused convolution."""
    x = images(size, batch)
    pair = inference(size.conv(bias=True), x), inference(folded(layer, size.outputs), x)
    return Comparison(f"{size}, batch {batch}", *pair, aim=aim, least=mixing(size, x))


def mixing(size: Size, x: torch.Tensor, experts: int = 4) -> Callable[[], object]:
    """Average each image, mix experts into one kernel for it, and convolve it with that."""
    conv = size.conv(bias=True).to(DEVICE)
    weights = torch.rand(experts, conv.weight.numel(), device=DEVICE)
    attention = torch.softmax(torch.randn(len(x), experts, device=DEVICE), 1)
    kernel = torch.empty(1, conv.weight.numel(), device=DEVICE)

    def work() -> None:
        with torch.no_grad():
            x.mean((2, 3))
            for image, row in zip(x.split(1), attention.split(1)):
                torch.mm(row, weights, out=kernel)
                nn.functional.conv2d(image, kernel.view_as(conv.weight), conv.bias, size.stride, size.kernel // 2)

    return work


def spconv() -> Iterator[Comparison]:
    """SPConv."""
    for size in (*DOWN_V8M, *DOWN_M, *BLOCKS_V8M):
        x = images(size, 1)
        layer = SPConv_3x3(size.inputs, size.outputs, size.stride)
        pair = inference(size.conv(bias=True), x), inference(folded(layer, size.outputs), x)
        yield Comparison(f"{size}", *pair, aim=1.0)


def dsconv() -> Iterator[Comparison]:
    """DSConv, not fused."""
    for size in (*DOWN_N, *DOWN_M[2:]):
        x = images(size, 1)
        layer = PaperDSConv(size.inputs, size.outputs, size.kernel, size.stride)
        yield Comparison(f"{size}, eval", inference(size.conv(bias=False), x), inference(layer, x), aim=1.3)
    for size, batch in ((DOWN_N[0], 8), (DOWN_N[3], 8), (DOWN_M[3], 8)):
        x = images(size, batch)
        layer = PaperDSConv(size.inputs, size.outputs, size.kernel, size.stride)
        base, own = (training(with_norm(m, size.outputs), x) for m in (size.conv(bias=False), layer))
        yield Comparison(f"{size}, step, batch {batch}", base, own, aim=1.3)


SECTIONS = {section.__name__: section for section in (refconv, dynamicconv, dynamic_conv2d, spconv, dsconv)}


def processor() -> str:
    """Name what the times are of: the GPU, or the CPU as the system calls it."""
    if DEVICE == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, 1 of {os.cpu_count()} cores"


def main() -> None:
    """Print a table for each module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(SECTIONS))
    names = [name.lower() for name in parser.parse_args().modules]
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        parser.error(f"no module {unknown[0]}; there are {', '.join(SECTIONS)}")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, {processor()}; medians in ms of interleaved rounds, at least {LEAST_ROUNDS} each"
    )
    print(f"  {'':<52}{'base':>9}{'layer':>9}{'ratio':>8}")
    for section in [SECTIONS[name] for name in names] or SECTIONS.values():
        print(section.__doc__)
        for comparison in section():
            print(comparison, flush=True)


if __name__ == "__main__":
    main()
