import torch
import torch.nn as nn


class MyWise(nn.Module):
    """Wise IoU with a running mean."""

    iou_mean = 1.0

    def __init__(self, momentum=1e-2, reduction="mean"):
        super().__init__()
        self.momentum = momentum
        self.reduction = reduction

    def forward(self, pred, target):
        lt = torch.max(pred[..., :2], target[..., :2])
        rb = torch.min(pred[..., 2:], target[..., 2:])
        wh = (rb - lt).clamp(min=0)
        inter = wh[..., 0] * wh[..., 1]
        area1 = (pred[..., 2] - pred[..., 0]) * (pred[..., 3] - pred[..., 1])
        area2 = (target[..., 2] - target[..., 0]) * (target[..., 3] - target[..., 1])
        iou = inter / (area1 + area2 - inter + 1e-7)
        self.iou_mean = (1 - self.momentum) * self.iou_mean + self.momentum * (1 - iou).detach().mean().item()
        centre1, centre2 = (pred[..., :2] + pred[..., 2:]) / 2, (target[..., :2] + target[..., 2:]) / 2
        big = torch.max(pred[..., 2:], target[..., 2:]) - torch.min(pred[..., :2], target[..., :2])
        r = torch.exp(((centre1 - centre2) ** 2).sum(-1) / (big ** 2).sum(-1).detach())
        loss = r * (1 - iou)
        if self.reduction == "mean":
            return loss.mean()
        return loss
