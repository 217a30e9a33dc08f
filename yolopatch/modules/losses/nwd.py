"""NWD, the loss of normalised Gaussian Wasserstein distance, for tiny objects.

Wang, Xu, Yang, Yu: "A Normalized Gaussian Wasserstein Distance for Tiny Object Detection", arXiv 2110.13389.
"""

import torch
import torch.nn as nn


class NWD(nn.Module):
    """Normalised Gaussian Wasserstein distance (NWD, arXiv 2110.13389, section 3).

    A box is a Gaussian about its centre with half its size as standard deviations. `W^2` is the squared distance of
    (cx, cy, w / 2, h / 2) of both boxes, `NWD = exp(-W / C)`, and `L = 1 - NWD`.

    `C` is the mean absolute size of the objects of the data set, in pixels; the paper's 12.8 is that of AI-TOD. It must
    be in the unit of the boxes.

    Shapes: boxes [N, 4] as x1, y1, x2, y2, in pixels; losses [N], at least in float32. Finite, with a finite gradient,
    for boxes without a size, and for boxes that coincide or do not meet.
    Raises ValueError for a C that is not positive.
    """

    def __init__(self, C=12.8, eps=1e-7):
        super().__init__()
        if not C > 0:
            raise ValueError(f"NWD: C must be positive, found {C!r}")
        self.C, self.eps = C, eps

    def forward(self, pred, target):
        wide = torch.promote_types(pred.dtype, torch.float32)
        pred, target = _nwd_gaussians(pred.to(wide)), _nwd_gaussians(target.to(wide))
        # a root has no gradient at zero, where the boxes coincide
        distance = (pred - target).square().sum(1).clamp(min=self.eps**2).sqrt()
        return 1 - torch.exp(-distance / self.C)


def _nwd_gaussians(boxes):
    """The centre and half the size [N, 4] of boxes x1, y1, x2, y2."""
    return torch.cat(((boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2), 1)
