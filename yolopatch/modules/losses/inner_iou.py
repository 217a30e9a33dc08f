"""Inner-IoU, losses with the IoU of smaller or larger auxiliary boxes.

Zhang, Xu, Zhang: "Inner-IoU: More Effective Intersection over Union Loss with Auxiliary Bounding Box",
arXiv 2311.02877.
"""

import math

import torch
import torch.nn as nn

_INNERIOU_BASES = ("IoU", "GIoU", "DIoU", "CIoU", "EIoU")


class InnerIoU(nn.Module):
    """Inner-IoU and the losses made with it (arXiv 2311.02877).

    `IoU_inner` is the IoU of both boxes scaled about their centres by `ratio`: below 1 for boxes that already meet
    well, above 1 for boxes that do not. `L = 1 - IoU_inner` for the base IoU, and `L_X + IoU - IoU_inner` for a base X
    of GIoU, DIoU, CIoU, EIoU: the base's penalty stays that of the whole boxes.

    Shapes: boxes [N, 4] as x1, y1, x2, y2; losses [N], at least in float32. Finite, with a finite gradient, for boxes
    without a size, and for boxes that coincide or do not meet.
    Raises ValueError for another base, and for a ratio that is not positive.
    """

    def __init__(self, ratio=0.7, base="CIoU", eps=1e-7):
        super().__init__()
        if base not in _INNERIOU_BASES:
            raise ValueError(f"InnerIoU: base must be one of {', '.join(_INNERIOU_BASES)}, found {base!r}")
        if not ratio > 0:
            raise ValueError(f"InnerIoU: ratio must be positive, found {ratio!r}")
        self.ratio, self.base, self.eps = ratio, base, eps

    def forward(self, pred, target):
        wide = torch.promote_types(pred.dtype, torch.float32)
        pred, target = _inneriou_centred(pred.to(wide)), _inneriou_centred(target.to(wide))
        inner, _ = _inneriou_overlap(pred, target, self.ratio, self.eps)
        return 1 - inner + self._penalty(pred, target)

    def _penalty(self, pred, target):
        """What the base adds to 1 - IoU [N], of the whole boxes."""
        overlap, union = _inneriou_overlap(pred, target, 1, self.eps)
        (centre, size), (other, wanted) = pred, target
        around = torch.maximum(centre + size / 2, other + wanted / 2) - torch.minimum(
            centre - size / 2, other - wanted / 2
        )
        if self.base == "IoU":
            return torch.zeros_like(overlap)
        if self.base == "GIoU":
            hull = around.prod(1) + self.eps
            return (hull - union) / hull
        distance = (centre - other).square().sum(1) / (around.square().sum(1) + self.eps)
        if self.base == "DIoU":
            return distance
        if self.base == "EIoU":
            return distance + ((size - wanted).square() / (around.square() + self.eps)).sum(1)
        angles = [torch.atan(box[:, 0] / (box[:, 1] + self.eps)) for box in (size, wanted)]
        shape = 4 / math.pi**2 * (angles[1] - angles[0]).square()
        share = (shape / (1 - overlap + shape + self.eps)).detach()
        return distance + share * shape


def _inneriou_centred(boxes):
    """The centres and the sizes, each [N, 2], of boxes x1, y1, x2, y2; swapped corners make a size of zero."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).clamp(min=0)


def _inneriou_overlap(pred, target, ratio, eps):
    """The IoU [N] of boxes that are scaled about their centres, and their union."""
    (centre, size), (other, wanted) = pred, target
    size, wanted = size * ratio, wanted * ratio
    shared = torch.minimum(centre + size / 2, other + wanted / 2) - torch.maximum(centre - size / 2, other - wanted / 2)
    shared = shared.clamp(min=0).prod(1)
    union = size.prod(1) + wanted.prod(1) - shared + eps
    return shared / union, union
