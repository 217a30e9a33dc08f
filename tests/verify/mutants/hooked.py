import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class Hooked(nn.Module):
    """Reads in forward what a hook of its constructor keeps: a copy reads it of the original."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.kept = {}
        self.cv.register_forward_hook(lambda module, given, output: self.kept.update(last=output))

    def forward(self, x):
        x = self.cv(x)
        return x * self.kept["last"].mean((2, 3), keepdim=True).sigmoid()
