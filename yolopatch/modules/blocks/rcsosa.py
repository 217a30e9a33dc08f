"""RCS-OSA, one-shot aggregation of reparameterised convolutions with channel shuffle.

Kang, Ting, Ting, Phan: "RCS-YOLO: A Fast and High-Accuracy Object Detector for Brain Tumor Detection", MICCAI 2023,
arXiv 2307.16412. The convolution is that of RepVGG (Ding et al., CVPR 2021, arXiv 2101.03697).
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class _RCSOSARep(nn.Module):
    """RepVGG: SiLU of the sum of a 3x3, a 1x1 and, if c1 is c2, the identity, each with BatchNorm; folded, one 3x3."""

    def __init__(self, c1, c2):
        super().__init__()
        self.conv3 = nn.Conv2d(c1, c2, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(c2)
        self.conv1 = nn.Conv2d(c1, c2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c2)
        self.bn0 = nn.BatchNorm2d(c1) if c1 == c2 else None
        self.act = nn.SiLU()

    def forward(self, x):
        if self.conv1 is None:
            return self.act(self.conv3(x))
        out = self.bn3(self.conv3(x)) + self.bn1(self.conv1(x))
        return self.act(out if self.bn0 is None else out + self.bn0(x))

    def fold(self):
        if self.conv1 is None:
            return
        training = self.training
        self.eval()
        kernel, bias = _rcsosa_scaled(self.conv3.weight, self.bn3)
        pointwise, pointwise_bias = _rcsosa_scaled(self.conv1.weight, self.bn1)
        kernel, bias = kernel + F.pad(pointwise, (1, 1, 1, 1)), bias + pointwise_bias
        if self.bn0 is not None:
            identity, identity_bias = _rcsosa_scaled(nn.init.dirac_(torch.empty_like(kernel)), self.bn0)
            kernel, bias = kernel + identity, bias + identity_bias
        self.conv3.weight = nn.Parameter(kernel)
        self.conv3.bias = nn.Parameter(bias)
        self.bn3 = self.conv1 = self.bn1 = self.bn0 = None
        self.train(training)


def _rcsosa_scaled(kernel, bn):
    """The kernel and the bias of a convolution without a bias and the BatchNorm behind it, in eval mode."""
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    return kernel * scale.view(-1, 1, 1, 1), bn.bias - bn.running_mean * scale


class _RCSOSAShuffle(nn.Module):
    """RCS: half of the channels pass, half pass a RepVGG convolution, and the halves are shuffled; c to c channels."""

    def __init__(self, c):
        super().__init__()
        self.rep = _RCSOSARep(c // 2, c // 2)

    def forward(self, x):
        passing, mixed = x.chunk(2, 1)
        return torch.stack((passing, self.rep(mixed)), 2).flatten(1, 2)


class RCSOSA(nn.Module):
    """One-shot aggregation of RCS modules (RCS-OSA of RCS-YOLO, MICCAI 2023, arXiv 2307.16412, figures 1 and 2).

    x1 = Rep(x) with c = e c1 channels, x2 = RCS^m(x1), x3 = RCS^m(x2), y = Rep [x1, x2, x3] with c2 channels. RCS cuts
    the channels into halves, one passes, the other passes Rep, and a shuffle takes a channel of each in turn. Rep is
    RepVGG's convolution with SiLU: in training the sum of a 3x3 convolution, a 1x1 convolution and, where the channels
    are the same, the identity, each with BatchNorm; `fold()` makes one 3x3 convolution of them, exactly.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; for each Rep `conv3.weight`, `conv1.weight` and the states of
    `bn3`, `bn1` and `bn0`; after `fold()` only `conv3.weight` and `conv3.bias`.

    Args: n: repeats, of which each of the two cascades has a half, m = max(1, n / 2): with fewer than two repeats the
    published block has no RCS at all. e: the part of c1 that x1 has, raised to a multiple of 8 as published.
    Raises ValueError when e leaves no channel.
    """

    def __init__(self, c1, c2, n=1, e=0.5):
        super().__init__()
        width = -(-int(c1 * e) // 8) * 8
        if width < 8:
            raise ValueError(f"RCSOSA: e must leave a channel, found e={e} of c1={c1}")
        repeats = max(1, n // 2)
        self.first = _RCSOSARep(c1, width)
        self.cascade1 = nn.Sequential(*(_RCSOSAShuffle(width) for _ in range(repeats)))
        self.cascade2 = nn.Sequential(*(_RCSOSAShuffle(width) for _ in range(repeats)))
        self.last = _RCSOSARep(3 * width, c2)

    def forward(self, x):
        x1 = self.first(x)
        x2 = self.cascade1(x1)
        return self.last(torch.cat((x1, x2, self.cascade2(x2)), 1))

    @torch.no_grad()
    def fold(self):
        """Become static in place: each Rep becomes one 3x3 convolution. Again, nothing changes."""
        for module in self.modules():
            if isinstance(module, _RCSOSARep):
                module.fold()
        self.requires_grad_(False)
