import numpy as np
import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class DoubleConstant(nn.Module):
    """Multiplies with values of numpy, which are float64, before a convolution."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.gains = Conv(c1, c2, k, s), np.linspace(0.5, 1.5, c1)

    def forward(self, x):
        return self.cv(x * torch.from_numpy(self.gains).view(1, -1, 1, 1))
