"""VoV-GSCSP, the block of the slim neck, made of GSConv.

Li, Li, Wei, Liu, Zhan, Ren: "Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures", 2022,
arXiv 2206.02424, Journal of Real-Time Image Processing 21, 2024.
"""

import torch
import torch.nn as nn


class _VoVGSCSPConv(nn.Module):
    """Convolution, BatchNorm and SiLU, or none: [N, c1, H, W] to [N, c2, H, W]."""

    def __init__(self, c1, c2, k=1, g=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, 1, k // 2, groups=g, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU() if act else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def fold(self):
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.train(training)


class _VoVGSCSPGSConv(nn.Module):
    """GSConv at stride 1: half of c2 dense, half by a 5x5 depthwise convolution of these, a channel of each in turn."""

    def __init__(self, c1, c2, k, act=True):
        super().__init__()
        self.dense = _VoVGSCSPConv(c1, c2 // 2, k, act=act)
        self.depthwise = _VoVGSCSPConv(c2 // 2, c2 // 2, 5, c2 // 2, act)

    def forward(self, x):
        dense = self.dense(x)
        return torch.stack((dense, self.depthwise(dense)), 2).flatten(1, 2)


class _VoVGSCSPBottleneck(nn.Module):
    """The GS bottleneck: two GSConvs, 1x1 and 3x3, and a 1x1 convolution in the shortcut."""

    def __init__(self, c):
        super().__init__()
        self.first = _VoVGSCSPGSConv(c, c, 1)
        self.second = _VoVGSCSPGSConv(c, c, 3, act=False)
        self.shortcut = _VoVGSCSPConv(c, c, act=False)

    def forward(self, x):
        return self.second(self.first(x)) + self.shortcut(x)


class VoVGSCSP(nn.Module):
    """Cross stage partial block of n GS bottlenecks (VoV-GSCSP, arXiv 2206.02424, figure 4).

    y = F_3 [F_2 x, B_n ... B_1 F_1 x], where F_1 and F_2 are 1x1 convolutions to c = e c2 channels, F_3 is one of 2 c
    to c2, and B a GS bottleneck: GSConv_3x3(GSConv_1x1(x)) + F(x), with a 1x1 convolution F in its shortcut. All
    convolutions have BatchNorm; SiLU follows all but the last GSConv and the shortcut of a bottleneck.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; `cv1`, `cv2`, `cv3` and `blocks` hold a `conv` and a `bn` for
    each convolution. A GSConv has the state dict of GSConv.

    Args: n: GS bottlenecks; e: the part of c2 that they have.
    Raises ValueError when int(e c2) is not an even number of at least 2.
    """

    def __init__(self, c1, c2, n=1, e=0.5):
        super().__init__()
        width = int(c2 * e)
        if width < 2 or width % 2:
            raise ValueError(
                f"VoVGSCSP: int(e * c2) must be even and at least 2, because a GSConv halves it, found {width} of "
                f"c2={c2} at e={e}"
            )
        self.cv1 = _VoVGSCSPConv(c1, width)
        self.cv2 = _VoVGSCSPConv(c1, width)
        self.cv3 = _VoVGSCSPConv(2 * width, c2)
        self.blocks = nn.Sequential(*(_VoVGSCSPBottleneck(width) for _ in range(n)))

    def forward(self, x):
        return self.cv3(torch.cat((self.cv2(x), self.blocks(self.cv1(x))), 1))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions. Again, nothing changes."""
        for module in self.modules():
            if isinstance(module, _VoVGSCSPConv):
                module.fold()
        self.requires_grad_(False)
