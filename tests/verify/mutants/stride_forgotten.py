import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class StrideForgotten(nn.Module):
    """Takes a stride and does not use it: the joins behind it get maps of two sizes."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.gate = Conv(c1, c2, k), nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        return x * torch.sigmoid(self.gate(x))
