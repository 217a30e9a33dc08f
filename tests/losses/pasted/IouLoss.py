import torch
from torch import nn


class IouLoss(nn.Module):
    def forward(self, pred, target, ret_iou=False):
        wh = torch.relu(torch.minimum(pred[..., 2:4], target[..., 2:4]) - torch.maximum(pred[..., :2], target[..., :2]))
        s = wh.prod(-1)
        iou = 1 - s / ((pred[..., 2:4] - pred[..., :2]).prod(-1) + (target[..., 2:4] - target[..., :2]).prod(-1) - s + 1e-9)
        return (iou.mean(), iou) if ret_iou else iou
