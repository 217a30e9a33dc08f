import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class DroppedPath(nn.Module):
    """Drops its branch for some images of a batch while it trains (stochastic depth, arXiv 1603.09382)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.branch = Conv(c1, c2, k, s), Conv(c2, c2, 3)

    def forward(self, x):
        x = self.cv(x)
        if not self.training:
            return x + self.branch(x)
        kept = (torch.rand(x.shape[0], 1, 1, 1, device=x.device) < 0.8).to(x.dtype)
        return x + self.branch(x) * kept / 0.8
