"""A kernel that is read through `.data`, which cuts it off from the gradient."""

import torch.nn as nn
import torch.nn.functional as F


class DataInForward(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        weight = self.conv.weight.data
        weight = weight / weight.abs().mean()
        return self.bn(F.conv2d(x, weight, stride=self.conv.stride, padding=self.conv.padding))
