import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class SeededForward(nn.Module):
    """Seeds torch in every forward, so that it always projects on the same numbers: so does all that draws after it."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        x = self.cv(x)
        torch.manual_seed(0)
        return x * (1 + 0.1 * torch.randn(x.shape[1], 1, 1, device=x.device))
