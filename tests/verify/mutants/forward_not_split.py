import torch
import torch.nn as nn
from ultralytics.nn.modules.block import C2f


class ForwardNotSplit(C2f):
    """A C2f with a gate in its forward: upstream's exporter runs forward_split, which has none."""

    def __init__(self, c1, c2, n=1, *args):
        super().__init__(c1, c2, n, True)
        self.gate = nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = super().forward(x)
        return x * torch.sigmoid(self.gate(x))
