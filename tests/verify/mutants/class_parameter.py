import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ClassParameter(nn.Module):
    """Its parameter is one of the class: torch registers only what a constructor sets."""

    scale = nn.Parameter(torch.full((1,), 1.5))

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        return self.cv(x) * self.scale
