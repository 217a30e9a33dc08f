import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class FloatInHalf(nn.Module):
    """A constant that is always float32, for a convolution of the map as it comes."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.register_buffer("blur", torch.full((c2, 1, 3, 3), 1 / 9))

    def forward(self, x):
        x = self.cv(x)
        return x + F.conv2d(x, self.blur.float(), padding=1, groups=x.shape[1])
