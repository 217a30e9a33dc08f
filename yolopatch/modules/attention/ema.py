"""EMA, efficient multi-scale attention with cross-spatial learning.

Ouyang, He, Zhan, Guo, Huang, Luo, Zhang: "Efficient Multi-Scale Attention Module with Cross-Spatial Learning", ICASSP
2023, arXiv 2305.13563.
"""

import math

import torch
import torch.nn as nn


class EMA(nn.Module):
    """Attention of two branches that weigh each other, in groups of channels (EMA, ICASSP 2023, arXiv 2305.13563).

    The channels are cut into G groups of m = c1 / G, which share all weights. For a group x:
    the 1x1 branch is u = Norm(x sigmoid(F z_h) sigmoid(F z_w)), with the means z_h of the rows and z_w of the columns
    and one 1x1 convolution F for both; the 3x3 branch is v = F_3x3 x. With p(t) = softmax(GAP(t)) over the m channels,
    the map a = p(u) v + p(v) u, two products of a row of m weights and a map of m channels, weighs every place of the
    group: y = x sigmoid(a). The norm has one group for each channel, as the authors' code has it.

    Shapes: input and output [N, c1, H, W]; `pointwise.weight` [m, m, 1, 1], `spatial.weight` [m, m, 3, 3], their
    biases, `norm.weight` and `norm.bias` [m].

    Args: factor: the number of groups, the authors' 32; where it does not divide c1, the greatest divisor of both.
    """

    def __init__(self, c1, factor=32):
        super().__init__()
        self.groups = math.gcd(c1, factor)
        width = c1 // self.groups
        self.pointwise = nn.Conv2d(width, width, 1)
        self.spatial = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.GroupNorm(width, width)

    def forward(self, x):
        count, channels, height, width = x.shape
        grouped = x.reshape(count * self.groups, channels // self.groups, height, width)
        of_rows = torch.sigmoid(self.pointwise(grouped.mean(3, keepdim=True)))
        of_columns = torch.sigmoid(self.pointwise(grouped.mean(2, keepdim=True)))
        first = self.norm(grouped * of_rows * of_columns).to(grouped.dtype)  # autocast computes it in float32
        second = self.spatial(grouped)
        attention = self._weighed(first, second) + self._weighed(second, first)
        return (grouped * torch.sigmoid(attention)).reshape(count, channels, height, width)

    @staticmethod
    def _weighed(pooled, values):
        """The sum of the channels of `values`, weighted by how large those of `pooled` are: [groups, 1, H, W]."""
        weights = torch.softmax(pooled.mean((2, 3)), 1).unsqueeze(1).to(values.dtype)
        return torch.matmul(weights, values.flatten(2)).reshape(values.shape[0], 1, *values.shape[2:])
