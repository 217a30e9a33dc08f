"""An output kept on the module: a graph tensor that deepcopy (upstream's EMA) refuses."""

import torch.nn as nn


class KeptOutput(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        self.last = self.conv(x)
        return self.last.relu()
