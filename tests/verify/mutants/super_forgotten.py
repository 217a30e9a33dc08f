import torch.nn as nn


class SuperForgotten(nn.Module):
    """Keeps a layer before nn.Module is set up."""

    def __init__(self, c1, c2, k=1, s=1):
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return self.conv(x)
