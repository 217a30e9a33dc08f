from functools import partial

import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class _ResponseNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(1, 1, 1, c)), nn.Parameter(torch.zeros(1, 1, 1, c))

    def forward(self, x):
        size = x.float().norm(p=2, dim=(1, 2), keepdim=True)
        return self.weight * (x * (size / (size.mean(-1, keepdim=True) + 1e-6)).to(x.dtype)) + self.bias + x


class ResponseNorm(nn.Module):
    """A depthwise block with channels last, and a norm of responses that starts at zero beside an identity."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.norm_layer = partial(nn.LayerNorm, eps=1e-6)
        self.cv, self.dw = Conv(c1, c2, k, s), nn.Conv2d(c2, c2, 7, padding=3, groups=c2)
        self.n, self.grn, self.act = self.norm_layer(c2), _ResponseNorm(2 * c2), nn.GELU()
        self.up, self.down = nn.Linear(c2, 2 * c2), nn.Linear(2 * c2, c2)

    def forward(self, x):
        x = self.cv(x)
        y = self.n(self.dw(x).permute(0, 2, 3, 1))
        return x + self.down(self.grn(self.act(self.up(y)))).permute(0, 3, 1, 2)
