"""GAM, the global attention mechanism.

Liu, Shao, Hoffmann: "Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions", 2021,
arXiv 2112.05561.
"""

import torch
import torch.nn as nn


class GAM(nn.Module):
    """Channel attention, then spatial attention, without any pooling (GAM, arXiv 2112.05561).

    y2 = x sigmoid(MLP(x)) (equation 1), where the two-layer MLP, c1 to c1 / r with ReLU and back, sees the channels of
    every place; the paper permutes the dimensions for it, and a 1x1 convolution needs no permutation.
    y = y2 sigmoid(Norm(F_2(ReLU(Norm(F_1 y2))))) (equation 2), where F_1 and F_2 are 7x7 convolutions, c1 to c1 / r and
    back. For large networks the paper cuts these into groups and shuffles the channels between them.

    Shapes: input and output [N, c1, H, W]; with m = max(1, c1 / r), raised to a multiple of g, `reduce.weight`
    [m, c1, 1, 1], `expand.weight` [c1, m, 1, 1], their biases, `first.weight` [m, c1 / g, 7, 7], `second.weight`
    [c1, m / g, 7, 7], and the states of `norm1` [m] and `norm2` [c1].

    Args: r: the reduction of both parts, 16: that of BAM, which the paper refers to, and the one with which a
    ResNet-50 with GAM has the paper's 149.5 M parameters. g: the groups of the 7x7 convolutions.
    Raises ValueError when g does not divide c1.
    """

    def __init__(self, c1, r=16, g=1):
        super().__init__()
        if c1 % g:
            raise ValueError(f"GAM: g must divide c1, found g={g}, c1={c1}")
        width = -(-max(1, c1 // r) // g) * g
        self.g = g
        self.reduce = nn.Conv2d(c1, width, 1)
        self.expand = nn.Conv2d(width, c1, 1)
        self.first = nn.Conv2d(c1, width, 7, padding=3, groups=g, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, c1, 7, padding=3, groups=g, bias=False)
        self.norm2 = nn.BatchNorm2d(c1)
        self.act = nn.ReLU()

    def forward(self, x):
        x = x * torch.sigmoid(self.expand(self.act(self.reduce(x))))
        spatial = self.act(self.norm1(self.first(x)))
        if self.g > 1:
            spatial = torch.stack(spatial.chunk(self.g, 1), 2).flatten(1, 2)
        return x * torch.sigmoid(self.norm2(self.second(spatial)))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norms go into the convolutions before them. Again, nothing changes."""
        if isinstance(self.norm1, nn.Identity):
            return
        training = self.training
        self.eval()
        self.first, self.norm1 = nn.utils.fuse_conv_bn_eval(self.first, self.norm1), nn.Identity()
        self.second, self.norm2 = nn.utils.fuse_conv_bn_eval(self.second, self.norm2), nn.Identity()
        self.requires_grad_(False).train(training)
