"""An output that is filled in place and always float32: autocast's bfloat16 does not fit into it."""

import torch
import torch.nn as nn


class FixedDtype(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        x = self.conv(x)
        order = torch.arange(x.shape[1] - 1, -1, -1, device=x.device)
        return torch.zeros(x.shape, dtype=torch.float32, device=x.device).index_add(1, order, x)
