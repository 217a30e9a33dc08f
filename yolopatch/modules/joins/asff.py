"""ASFF, adaptively spatial feature fusion.

Liu, Huang, Wang: "Learning Spatial Fusion for Single-Shot Object Detection", arXiv 1911.09516, section 3. Each position
of the joined map is a mean of the maps' values there, and the map itself says how much each counts.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ASFF(nn.Module):
    """Adaptively spatial feature fusion (ASFF, arXiv 1911.09516).

    `y_ij = sum_n a^n_ij * x^n_ij` (equation 1), where `a^n_ij = exp(l^n_ij) / sum_m exp(l^m_ij)` (equation 2) and the
    control map `l^n` is a 1x1 convolution of the map `x^n` to one channel. A map of another width than `c2` passes a
    1x1 convolution with BatchNorm first, and one of another size than the first map's is brought to it: enlarged by
    repeating values, reduced by max pooling.

    Shapes: input a list of [N, inputs[i], Hi, Wi]; output [N, c2, H0, W0]; `control.i.weight` [1, c2, 1, 1] and
    `control.i.bias` [1]; `align.i.0.weight` [c2, inputs[i], 1, 1] and the states of `align.i.1` [c2] for each map of
    another width.

    Args: inputs: the channels of the maps; c2: the channels of the output, None for the first map's.
    Raises ValueError for fewer than two maps, and from `forward` for another number of maps than `inputs` has.
    """

    def __init__(self, inputs, c2=None):
        super().__init__()
        if len(inputs) < 2:
            raise ValueError(f"ASFF: a join needs at least two maps, found {len(inputs)}")
        c2 = inputs[0] if c2 is None else c2
        self.align = nn.ModuleList(
            nn.Identity() if width == c2 else nn.Sequential(nn.Conv2d(width, c2, 1, bias=False), nn.BatchNorm2d(c2))
            for width in inputs
        )
        self.control = nn.ModuleList(nn.Conv2d(c2, 1, 1) for _ in inputs)

    def forward(self, x):
        if len(x) != len(self.align):
            raise ValueError(f"ASFF: it was made for {len(self.align)} maps, found {len(x)}")
        size = x[0].shape[-2:]
        maps = [_asff_resized(align(one), size) for align, one in zip(self.align, x)]
        weights = torch.cat([control(one) for control, one in zip(self.control, maps)], 1)
        # Autocast computes a softmax in float32; back to the maps' own type, lest it widen them.
        weights = torch.softmax(weights, 1).to(maps[0].dtype)
        return torch.stack([one * weights[:, place : place + 1] for place, one in enumerate(maps)]).sum(0)


def _asff_resized(x, size):
    """A map of the size wanted: max pooled where it is larger by a whole factor, and else the nearest values."""
    rows, columns = x.shape[-2] // size[0], x.shape[-1] // size[1]
    if rows > 1 or columns > 1:
        kernel = (max(int(rows), 1), max(int(columns), 1))
        x = F.max_pool2d(x, kernel, kernel)
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="nearest")
