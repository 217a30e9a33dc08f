"""A square root of what a mask cut to zero: its gradient there is infinite times zero, and one step makes all NaN."""

import torch.nn as nn


class InfiniteGradient(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        x = self.conv(x)
        return (x * (x > 0)).sqrt()
