"""A padding of k - 1 where k // 2 was meant: at stride 2 the map is one row too large."""

import torch.nn as nn


class WrongPadding(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k - 1)

    def forward(self, x):
        return self.conv(x)
