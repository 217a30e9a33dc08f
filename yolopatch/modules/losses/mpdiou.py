"""MPDIoU, the loss of minimum point distance.

Ma, Xu: "MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression", arXiv 2307.07662.
"""

import torch
import torch.nn as nn


class MPDIoU(nn.Module):
    """Minimum point distance IoU (MPDIoU, arXiv 2307.07662, section 3).

    `L = 1 - (IoU - d1^2 / (w^2 + h^2) - d2^2 / (w^2 + h^2))`: d1 and d2 are the distances of the upper left and of the
    lower right corners, w and h the width and the height of the network's input.

    Shapes: boxes [N, 4] as x1, y1, x2, y2; width and height of the input, in the unit of the boxes; losses [N], at
    least in float32. Finite, with a finite gradient, for boxes without a size, and for boxes that coincide or do not
    meet.
    """

    def __init__(self, eps=1e-7):
        super().__init__()
        self.eps = eps

    def forward(self, pred, target, width, height):
        wide = torch.promote_types(pred.dtype, torch.float32)
        pred, target = pred.to(wide), target.to(wide)
        shared = torch.minimum(pred[:, 2:], target[:, 2:]) - torch.maximum(pred[:, :2], target[:, :2])
        shared = shared.clamp(min=0).prod(1)
        areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (pred, target)]
        overlap = shared / (areas[0] + areas[1] - shared + self.eps)
        return 1 - overlap + (pred - target).square().sum(1) / (width**2 + height**2)
