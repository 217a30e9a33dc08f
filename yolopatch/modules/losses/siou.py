"""SIoU, the loss that looks at the angle between the centres.

Gevorgyan: "SIoU Loss: More Powerful Learning for Bounding Box Regression", arXiv 2205.12740.
"""

import torch
import torch.nn as nn


class SIoU(nn.Module):
    """SCYLLA-IoU (SIoU, arXiv 2205.12740).

    `L = 1 - IoU + (D + S) / 2`, where

    - the angle cost is `A = 1 - 2 sin^2(arcsin(x) - pi/4)`, x the sine of the angle of the line between the centres.
      This is `sin(2 arcsin(x)) = 2 |dx dy| / (dx^2 + dy^2)`, which has a gradient where arcsin has none;
    - the distance cost is `D = sum over x, y of 1 - exp(-(2 - A) r)`, r the square of the centres' distance in that
      direction over the size of the smallest box around both;
    - the shape cost is `S = sum over w, h of (1 - exp(-o))^theta`, o the difference of the sizes over the larger one.

    Shapes: boxes [N, 4] as x1, y1, x2, y2; losses [N], at least in float32. Finite, with a finite gradient, for boxes
    without a size, and for boxes that coincide or do not meet.
    """

    def __init__(self, theta=4.0, eps=1e-7):
        super().__init__()
        self.theta, self.eps = theta, eps

    def forward(self, pred, target):
        wide = torch.promote_types(pred.dtype, torch.float32)
        pred, target = pred.to(wide), target.to(wide)
        shared = torch.minimum(pred[:, 2:], target[:, 2:]) - torch.maximum(pred[:, :2], target[:, :2])
        shared = shared.clamp(min=0).prod(1)
        size, wanted = [(box[:, 2:] - box[:, :2]).clamp(min=0) for box in (pred, target)]
        overlap = shared / (size.prod(1) + wanted.prod(1) - shared + self.eps)
        return 1 - overlap + (self._distance(pred, target) + self._shape(size, wanted)) / 2

    def _distance(self, pred, target):
        apart = (pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2
        angle = 2 * apart.prod(1).abs() / (apart.square().sum(1) + self.eps)
        around = torch.maximum(pred[:, 2:], target[:, 2:]) - torch.minimum(pred[:, :2], target[:, :2])
        ratios = apart.square() / (around.square() + self.eps)
        return (1 - torch.exp((angle - 2).unsqueeze(1) * ratios)).sum(1)

    def _shape(self, size, wanted):
        ratios = (size - wanted).abs() / (torch.maximum(size, wanted) + self.eps)
        return (1 - torch.exp(-ratios)).pow(self.theta).sum(1)
