import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ExtendedConv(Conv):
    """A subclass of upstream's Conv: fuse() puts Conv's own short forward in place of this one."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__(c1, c2, k, s)
        self.gate = nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = super().forward(x)
        return x * self.gate(x).sigmoid()
