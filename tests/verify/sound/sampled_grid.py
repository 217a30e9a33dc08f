import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class SampledGrid(nn.Module):
    """Samples the map where offsets say, which start at zero."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.offset = nn.Conv2d(c2, 2, 3, padding=1)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)
        self.o = Conv(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        h, w = x.shape[-2:]
        ys, xs = (torch.linspace(-1, 1, n, device=x.device, dtype=x.dtype) for n in (h, w))
        grid = torch.stack((xs[None, :].expand(h, w), ys[:, None].expand(h, w)), -1)[None]
        grid = grid + self.offset(x).permute(0, 2, 3, 1).tanh() * 0.1
        return x + self.o(F.grid_sample(x, grid, align_corners=True))
