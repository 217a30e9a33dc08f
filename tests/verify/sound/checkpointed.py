import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Checkpointed(nn.Module):
    """Computes a block again for the gradient while it trains, to save memory."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()
        self.block = nn.Sequential(nn.Conv2d(c2, c2, 3, padding=1), nn.SiLU())

    def forward(self, x):
        x = self.act(self.bn(self.conv(x)))
        return x + (checkpoint(self.block, x, use_reentrant=False) if self.training else self.block(x))
