import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class LayerScale(nn.Module):
    """A residual branch behind a small number for each channel (LayerScale, arXiv 2103.17239)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.branch, self.gamma = Conv(c2, c2, 3), nn.Parameter(1e-6 * torch.ones(c2, 1, 1))

    def forward(self, x):
        x = self.cv(x)
        return x + self.gamma * self.branch(x)
