import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class SpaceToDepth(nn.Module):
    """Puts four pixels into four times the channels instead of a stride (SPD-Conv, arXiv 2208.03641)."""

    def __init__(self, c1, c2, k=3, s=2):
        super().__init__()
        self.cv = Conv(c1 * 4, c2, k)

    def forward(self, x):
        return self.cv(torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1))
