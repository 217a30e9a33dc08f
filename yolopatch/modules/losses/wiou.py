"""WIoU, the Wise-IoU losses.

Tong, Chen, Xu, Yu: "Wise-IoU: Bounding Box Regression Loss with Dynamic Focusing Mechanism", arXiv 2301.10051. The IoU
loss is multiplied by a distance of the centres (v1), and by how much a box counts, which depends on how its loss
compares with the running mean of all boxes' losses (v2, v3).
"""

import torch
import torch.nn as nn


class WIoU(nn.Module):
    """Wise-IoU v3 (WIoU, arXiv 2301.10051), or v1 and v2 by `version`.

    With `L = 1 - IoU` and L* its value without a gradient:

    - v1: `R * L`, `R = exp((dx^2 + dy^2) / (W^2 + H^2)*)`, dx and dy the distance of the centres, W and H
      the size of the smallest box around both, without a gradient.
    - v2: `(L* / mean)^gamma * v1`.
    - v3: `b / (delta * alpha^(b - delta)) * v1`, where `b = L* / mean` says how far a box is from the
      others.

    `mean` is the running mean of L*, with momentum `1 - 0.05^(1 / updates)`: after `updates` batches, its first value
    of 1 counts for a twentieth. It is a buffer, and changes only while the module is in training mode.

    Shapes: boxes [N, 4] as x1, y1, x2, y2; losses [N], at least in float32. Finite, with a finite gradient, for boxes
    without a size, and for boxes that coincide or do not meet.
    Raises ValueError for another version.
    """

    def __init__(self, version=3, alpha=1.9, delta=3.0, gamma=0.5, updates=7000, eps=1e-7):
        super().__init__()
        if version not in (1, 2, 3):
            raise ValueError(f"WIoU: version must be 1, 2 or 3, found {version!r}")
        self.version, self.alpha, self.delta, self.gamma, self.eps = version, alpha, delta, gamma, eps
        self.momentum = 1 - 0.05 ** (1 / updates)
        if version > 1:
            self.register_buffer("mean", torch.ones(()))

    def forward(self, pred, target):
        wide = torch.promote_types(pred.dtype, torch.float32)
        pred, target = pred.to(wide), target.to(wide)
        loss = 1 - _wiou_overlap(pred, target, self.eps)
        around = torch.maximum(pred[:, 2:], target[:, 2:]) - torch.minimum(pred[:, :2], target[:, :2])
        apart = (pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2
        diagonal = around.square().sum(1).detach() + self.eps
        wise = torch.exp(apart.square().sum(1) / diagonal) * loss
        return wise if self.version == 1 else wise * self._focus(loss.detach())

    def _focus(self, loss):
        """How much each box counts [N]."""
        if self.training and loss.shape[0]:
            with torch.no_grad():
                self.mean.add_((loss.mean().to(self.mean.dtype) - self.mean) * self.momentum)
        outlier = loss / self.mean.to(loss.dtype).clamp(min=self.eps)
        if self.version == 2:
            return outlier.pow(self.gamma)
        return outlier / (self.delta * torch.pow(self.alpha, outlier - self.delta))


class WIoUv1(WIoU):
    """Wise-IoU v1 (arXiv 2301.10051): the distance of the centres alone. It keeps no mean."""

    def __init__(self, eps=1e-7):
        super().__init__(version=1, eps=eps)


class WIoUv2(WIoU):
    """Wise-IoU v2 (arXiv 2301.10051): boxes with a loss above the mean count more."""

    def __init__(self, gamma=0.5, updates=7000, eps=1e-7):
        super().__init__(version=2, gamma=gamma, updates=updates, eps=eps)


def _wiou_overlap(pred, target, eps):
    """The IoU [N] of boxes x1, y1, x2, y2; a box whose corners are swapped has no area."""
    shared = (torch.minimum(pred[:, 2:], target[:, 2:]) - torch.maximum(pred[:, :2], target[:, :2])).clamp(min=0)
    shared = shared.prod(1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (pred, target)]
    return shared / (areas[0] + areas[1] - shared + eps)
