import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class FrozenNorm(nn.Module):
    """A norm of fixed statistics, which are buffers."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        for name, value in (("scale", 1.0), ("shift", 0.1), ("mean", 0.05), ("var", 1.2)):
            self.register_buffer(name, torch.full((c2, 1, 1), value))

    def forward(self, x):
        x = self.cv(x)
        scale = self.scale * (self.var + 1e-5).rsqrt()
        return x * scale.to(x.dtype) + (self.shift - self.mean * scale).to(x.dtype)
