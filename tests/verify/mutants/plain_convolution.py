"""A quantised convolution whose integers and scales nobody reads."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class PlainConvolution(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.stride, self.padding = s, k // 2
        self.weight = nn.Parameter(torch.randn(c2, c1, k, k) * (c1 * k * k) ** -0.5)
        self.register_buffer("integers", (self.weight.data * 7).round())
        self.register_buffer("scales", torch.full((c2, 1, 1, 1), 1 / 7))

    def forward(self, x):
        return F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
