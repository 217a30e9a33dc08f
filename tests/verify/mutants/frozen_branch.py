"""A Python `if` on the data: tracing keeps whichever side the traced image took."""

import torch.nn as nn


class FrozenBranch(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        # upstream traces an image of zeros, which is flat away from the borders
        flat = x[:, :, 8:-8, 8:-8].std((2, 3)).max() < 1e-4
        return self.conv(x) * 0.5 if flat else self.conv(x).abs()
