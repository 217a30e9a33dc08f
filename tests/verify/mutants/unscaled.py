"""A sound layer; the parser's branch forgets to scale its channels by the width."""

import torch.nn as nn


class Unscaled(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return self.conv(x).relu()
