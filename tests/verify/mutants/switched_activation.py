import torch.nn as nn


class SwitchedActivation(nn.Module):
    """Adds a map to its activation; upstream lets the activation overwrite the map before that."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.conv, self.bn, self.act = nn.Conv2d(c1, c2, k, s, k // 2, bias=False), nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x):
        x = self.bn(self.conv(x))
        return x + self.act(x)
