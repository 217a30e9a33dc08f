"""BiFPN, the weighted join of EfficientDet.

Tan, Pang, Le: "EfficientDet: Scalable and Efficient Object Detection", CVPR 2020, arXiv 1911.09070, section 3.3. The
maps that meet at one place of the pyramid are added, each with a learned weight, instead of being put side by side.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class BiFPN(nn.Module):
    """Fast normalised fusion (BiFPN, CVPR 2020, arXiv 1911.09070).

    `O = sum_i w_i / (eps + sum_j w_j) * I_i` with `w_i >= 0` by a ReLU and eps = 0.0001 (section 3.3). It is a join:
    the maps that it gets already have one size. A map of another width than `c2` passes a 1x1 convolution with
    BatchNorm first, as in the authors' code. The convolution that the paper puts behind each join is not part of it.

    Shapes: input a list of [N, inputs[i], H, W]; output [N, c2, H, W]; `weight` [len(inputs)], all 1 at the start;
    `align.i.0.weight` [c2, inputs[i], 1, 1] and the states of `align.i.1` [c2] for each map of another width.

    Args: inputs: the channels of the maps; c2: the channels of the output, None for the first map's.
    Raises ValueError for fewer than two maps, and from `forward` for another number of maps than `inputs` has.
    """

    def __init__(self, inputs, c2=None, eps=1e-4):
        super().__init__()
        if len(inputs) < 2:
            raise ValueError(f"BiFPN: a join needs at least two maps, found {len(inputs)}")
        c2 = inputs[0] if c2 is None else c2
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(len(inputs)))
        self.align = nn.ModuleList(
            nn.Identity() if width == c2 else nn.Sequential(nn.Conv2d(width, c2, 1, bias=False), nn.BatchNorm2d(c2))
            for width in inputs
        )

    def forward(self, x):
        if len(x) != len(self.align):
            raise ValueError(f"BiFPN: it was made for {len(self.align)} maps, found {len(x)}")
        weight = F.relu(self.weight)
        weight = weight / (weight.sum() + self.eps)
        maps = [align(one) for align, one in zip(self.align, x)]
        weight = weight.to(maps[0].dtype)
        return torch.stack([one * weight[place] for place, one in enumerate(maps)]).sum(0)
