"""MDCR, the multi-dilated channel refiner of HCF-Net.

Xu, Zheng, Xu, Xu, Wang, Zhang, Teng, Li, Guo: "HCF-Net: Hierarchical Context Fusion Network for Infrared Small Object
Detection", ICME 2024, arXiv 2403.10778, section 3.4.
"""

import torch
import torch.nn as nn


class _MDCRConv(nn.Module):
    """Convolution, BatchNorm, ReLU: [N, c1, H, W] to [N, c2, H, W], dilated by d."""

    def __init__(self, c1, c2, k=1, d=1, g=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, 1, d * (k // 2), d, g, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def fold(self):
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.train(training)


class MDCR(nn.Module):
    """Depthwise convolutions of several dilations, mixed channel by channel (MDCR of HCF-Net, arXiv 2403.10778).

    The c1 channels are cut into four parts a_1..a_4 of m = c1 / 4, and each passes a 3x3 depthwise convolution with
    its own dilation: a'_i = DDWConv_i(a_i). The j-th channels of the four form a group, h_j = W_inner [a'_1j, ...,
    a'_4j], a pointwise convolution of 4 to 4 channels that all m groups share; y = W_outer [h_1, ..., h_m], one over
    all channels, which makes the c2 of the output. BatchNorm and ReLU follow each convolution, as published.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; `parts.i.conv.weight` [m, 1, 3, 3], `inner.conv.weight`
    [4, 4, 1, 1], `outer.conv.weight` [c2, c1, 1, 1], and the state of the `bn` of each.

    Args: dilations: of the four parts, the authors' 1, 6, 12, 18.
    Raises ValueError when the number of dilations does not divide c1.
    """

    def __init__(self, c1, c2, dilations=(1, 6, 12, 18)):
        super().__init__()
        if c1 % len(dilations):
            raise ValueError(f"MDCR: the {len(dilations)} dilations must divide c1, found c1={c1}")
        width = c1 // len(dilations)
        self.parts = nn.ModuleList(_MDCRConv(width, width, 3, d, width) for d in dilations)
        self.inner = _MDCRConv(len(dilations), len(dilations))
        self.outer = _MDCRConv(c1, c2)

    def forward(self, x):
        parts = [part(piece) for part, piece in zip(self.parts, x.chunk(len(self.parts), 1))]
        groups = self.inner(torch.stack(parts, 2).flatten(0, 1))  # [N * m, 4, H, W]
        return self.outer(groups.reshape(x.shape))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions. Again, nothing changes."""
        for module in self.modules():
            if isinstance(module, _MDCRConv):
                module.fold()
        self.requires_grad_(False)
