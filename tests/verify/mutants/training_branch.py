import torch.nn as nn
import torch.nn.functional as F


class TrainingBranch(nn.Module):
    """Weighs its map while it trains, and forgets to in eval."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.weigh = nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.bn(self.conv(x))
        if self.training:
            x = x * self.weigh(x).sigmoid()
        return F.silu(x)
