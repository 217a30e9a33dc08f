import torch
import torch.nn as nn


class TwoWayGate(nn.Module):
    """低层与高层特征互相加权后拼接"""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(4, 2, kernel_size, padding=kernel_size // 2)

    def forward(self, low, high):
        s = [torch.cat((m.mean(1, keepdim=True), m.max(1, keepdim=True)[0]), 1) for m in (low, high)]
        a, b = self.conv(torch.cat(s, 1)).sigmoid().chunk(2, 1)
        return torch.cat([low * (1 + a), high * (1 + b)], dim=1)
