"""The FasterNet block.

Chen, Kao, He, Zhuo, Wen, Lee, Chan: "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", CVPR 2023,
arXiv 2303.03667, section 3.4.
"""

import torch
import torch.nn as nn


class _FasterNetConv(nn.Module):
    """Pointwise convolution and BatchNorm: [N, c1, H, W] to [N, c2, H, W]."""

    def __init__(self, c1, c2):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, 1, bias=False)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        return self.bn(self.conv(x))

    def fold(self):
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.train(training)


class _FasterNetUnit(nn.Module):
    """One block of the paper: [N, c, H, W] to [N, c, H, W]."""

    def __init__(self, c, shortcut, mlp_ratio, n_div):
        super().__init__()
        self.width = c // n_div
        self.shortcut = shortcut
        self.partial = nn.Conv2d(self.width, self.width, 3, padding=1, bias=False)
        self.expand = _FasterNetConv(c, int(c * mlp_ratio))
        self.act = nn.ReLU()
        self.reduce = nn.Conv2d(int(c * mlp_ratio), c, 1, bias=False)

    def forward(self, x):
        mixed = torch.cat((self.partial(x[:, : self.width]), x[:, self.width :]), 1)
        out = self.reduce(self.act(self.expand(mixed)))
        return x + out if self.shortcut else out


class FasterNetBlock(nn.Module):
    """n FasterNet blocks (CVPR 2023, arXiv 2303.03667, figure 4).

    A block is x + P_2(ReLU(BN(P_1(PConv(x))))): a partial convolution (3x3 on the first c / n_div channels, the others
    pass), a pointwise convolution P_1 to mlp_ratio times the channels with the only norm and activation, and a
    pointwise convolution P_2 back. The paper changes the number of channels between its stages, with a convolution and
    BatchNorm; where c1 is not c2, a pointwise one stands before the first block here.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; for each block `partial.weight` [c2 / n_div, c2 / n_div, 3, 3],
    `expand.conv.weight` [mlp_ratio c2, c2, 1, 1], the state of `expand.bn`, `reduce.weight` [c2, mlp_ratio c2, 1, 1];
    `project`, if c1 is not c2.

    Args: shortcut: False leaves out the sum, which the paper always has; mlp_ratio and n_div: the paper's 2 and 4.
    Raises ValueError where n_div leaves no channel to the convolution, or mlp_ratio none to the expansion.
    """

    def __init__(self, c1, c2, n=1, shortcut=True, mlp_ratio=2.0, n_div=4):
        super().__init__()
        if not 1 <= c2 // n_div <= c2:
            raise ValueError(f"FasterNetBlock: n_div must leave a channel, found n_div={n_div} of c2={c2}")
        if int(c2 * mlp_ratio) < 1:
            raise ValueError(f"FasterNetBlock: mlp_ratio must leave a channel, found {mlp_ratio} of c2={c2}")
        self.project = nn.Identity() if c1 == c2 else _FasterNetConv(c1, c2)
        self.blocks = nn.Sequential(*(_FasterNetUnit(c2, shortcut, mlp_ratio, n_div) for _ in range(n)))

    def forward(self, x):
        return self.blocks(self.project(x))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions. Again, nothing changes."""
        for module in self.modules():
            if isinstance(module, _FasterNetConv):
                module.fold()
        self.requires_grad_(False)
