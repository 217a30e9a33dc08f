"""GSConv, a mixture of a dense and a depthwise convolution.

Li, Li, Wei, Liu, Zhan, Ren: "Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures", 2022,
arXiv 2206.02424, Journal of Real-Time Image Processing 21, 2024.
"""

import torch
import torch.nn as nn


class _GSConvUnit(nn.Module):
    """Convolution, BatchNorm, activation: [N, c1, H, W] to [N, c2, H', W'] with a padding of k // 2."""

    def __init__(self, c1, c2, k, s, g, act):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, groups=g, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU() if act is True else act if isinstance(act, nn.Module) else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def fold(self):
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.train(training)


class GSConv(nn.Module):
    """Half the channels by a dense convolution, half by a depthwise one of these, shuffled (arXiv 2206.02424).

    x1 = Conv_kxk(x) has c2 / 2 channels, x2 = DWConv_5x5(x1) as many; the output takes a channel of each in turn, x1_1,
    x2_1, x1_2, x2_2, ..., so that what the dense convolution knows of all channels reaches every part of the output.
    Both convolutions have BatchNorm and activation, as published: a whole layer.

    Shapes: input [N, c1, H, W]; output [N, c2, H', W'] as `nn.Conv2d` with a padding of k // 2 gives;
    `dense.conv.weight` [c2 / 2, c1, k, k], `depthwise.conv.weight` [c2 / 2, 1, 5, 5], and the states of both `bn`.

    Args: act: True for SiLU, a module, or False for none, as upstream's Conv takes it.
    Raises ValueError when c2 is odd.
    """

    def __init__(self, c1, c2, k=1, s=1, act=True):
        super().__init__()
        if c2 % 2:
            raise ValueError(f"GSConv: c2 must be even, because each convolution makes half of it, found {c2}")
        self.dense = _GSConvUnit(c1, c2 // 2, k, s, 1, act)
        self.depthwise = _GSConvUnit(c2 // 2, c2 // 2, 5, 1, c2 // 2, act)

    def forward(self, x):
        dense = self.dense(x)
        return torch.stack((dense, self.depthwise(dense)), 2).flatten(1, 2)

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions. Again, nothing changes."""
        self.dense.fold()
        self.depthwise.fold()
        self.requires_grad_(False)
