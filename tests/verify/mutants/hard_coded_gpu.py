import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class HardCodedGpu(nn.Module):
    """Makes a tensor on the GPU, wherever its input is."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        return self.cv(x * torch.full((1, x.shape[1], 1, 1), 0.5, device="cuda:7"))
