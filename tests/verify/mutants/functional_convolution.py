"""An honest layer whose convolution is a function call: thop does not see it."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class FunctionalConvolution(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.stride, self.padding = s, k // 2
        self.kernel = nn.Parameter(torch.randn(c2, c1, k, k) * (c1 * k * k) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(c2))

    def forward(self, x):
        return F.relu(F.conv2d(x, self.kernel.tanh(), self.bias, self.stride, self.padding))
