import torch.nn as nn


class GroupNormed(nn.Module):
    """Normalises each image alone."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.conv, self.norm, self.act = nn.Conv2d(c1, c2, k, s, k // 2, bias=False), nn.GroupNorm(8, c2), nn.SiLU()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))
