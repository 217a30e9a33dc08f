"""The star block of StarNet.

Ma, Dai, Bai, Wang, Fu: "Rewrite the Stars", CVPR 2024, arXiv 2403.19967.
"""

import torch
import torch.nn as nn


class _StarBlockConv(nn.Module):
    """Convolution and BatchNorm: [N, c1, H, W] to [N, c2, H, W]."""

    def __init__(self, c1, c2, k=1, g=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, 1, k // 2, groups=g, bias=False)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        return self.bn(self.conv(x))

    def fold(self):
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.train(training)


class _StarBlockUnit(nn.Module):
    """One block of the paper: [N, c, H, W] to [N, c, H, W]."""

    def __init__(self, c, shortcut, mlp_ratio):
        super().__init__()
        width = int(c * mlp_ratio)
        self.shortcut = shortcut
        self.spatial1 = _StarBlockConv(c, c, 7, c)
        self.gate = nn.Conv2d(c, width, 1)
        self.value = nn.Conv2d(c, width, 1)
        self.act = nn.ReLU6()
        self.reduce = _StarBlockConv(width, c)
        self.spatial2 = nn.Conv2d(c, c, 7, padding=3, groups=c)

    def forward(self, x):
        mixed = self.spatial1(x)
        out = self.spatial2(self.reduce(self.act(self.gate(mixed)) * self.value(mixed)))
        return x + out if self.shortcut else out


class StarBlock(nn.Module):
    """n blocks of StarNet (CVPR 2024, arXiv 2403.19967, figure 3).

    A block is x + D_2(BN(P(ReLU6(W_1 z) * (W_2 z)))) with z = BN(D_1(x)): D are 7x7 depthwise convolutions, W_1 and
    W_2 pointwise ones to mlp_ratio times the channels, and P one back. The product of the two, the star operation, is
    what the block is about: it maps into a space of about (c / sqrt 2)^2 dimensions. The paper changes the number of
    channels between its stages, with a convolution and BatchNorm; where c1 is not c2, a pointwise one stands before
    the first block here.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; for each block `spatial1.conv.weight` and `spatial2.weight`
    [c2, 1, 7, 7], `gate.weight` and `value.weight` [mlp_ratio c2, c2, 1, 1], `reduce.conv.weight`
    [c2, mlp_ratio c2, 1, 1], biases where no norm follows, and the states of both `bn`; `project`, if c1 is not c2.

    Args: shortcut: False leaves out the sum, which the paper always has; mlp_ratio: the paper's 4.
    Raises ValueError where mlp_ratio leaves no channel.
    """

    def __init__(self, c1, c2, n=1, shortcut=True, mlp_ratio=4.0):
        super().__init__()
        if int(c2 * mlp_ratio) < 1:
            raise ValueError(f"StarBlock: mlp_ratio must leave a channel, found {mlp_ratio} of c2={c2}")
        self.project = nn.Identity() if c1 == c2 else _StarBlockConv(c1, c2)
        self.blocks = nn.Sequential(*(_StarBlockUnit(c2, shortcut, mlp_ratio) for _ in range(n)))

    def forward(self, x):
        return self.blocks(self.project(x))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions. Again, nothing changes."""
        for module in self.modules():
            if isinstance(module, _StarBlockConv):
                module.fold()
        self.requires_grad_(False)
