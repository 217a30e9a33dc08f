"""SENetV2, squeeze and aggregated excitation.

Narayanan: "SENetV2: Aggregated Dense Layer for Channelwise and Global Representations", 2023, arXiv 2311.10807.
"""

import torch
import torch.nn as nn


class SENetV2(nn.Module):
    """Channel attention with a dense layer of several branches (SENetV2, arXiv 2311.10807).

    z = GAP(x); h = [ReLU(W_1 z), ..., ReLU(W_b z)], the branches of the aggregated layer, one behind the other;
    y = x sigmoid(W h). This is what the paper puts into a residual block, whose sum with the block's input is not part
    of it. The b branches are one dense layer of b times the width, and stand here as that.

    Shapes: input and output [N, c1, H, W]; with the width w = max(1, c1 / r) of a branch, `squeeze.weight`
    [branches w, c1, 1, 1], `excite.weight` [c1, branches w, 1, 1], and both biases.

    Args: r: the reduction in each branch, the paper's 32; branches: the paper's 4.
    """

    def __init__(self, c1, r=32, branches=4):
        super().__init__()
        width = branches * max(1, c1 // r)
        self.squeeze = nn.Conv2d(c1, width, 1)
        self.act = nn.ReLU()
        self.excite = nn.Conv2d(width, c1, 1)

    def forward(self, x):
        pooled = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.excite(self.act(self.squeeze(pooled))))
