import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class WeightedJoin(nn.Module):
    """Weighs the maps that it joins, all weights together 1 (BiFPN, arXiv 1911.09070)."""

    def __init__(self, cs, c2):
        super().__init__()
        self.cvs = nn.ModuleList(Conv(c, c2, 1) for c in cs)
        self.w = nn.Parameter(torch.ones(len(cs)))

    def forward(self, x):
        w = self.w.relu()
        w = w / (w.sum() + 1e-4)
        return F.silu(sum(w[i] * cv(y) for i, (cv, y) in enumerate(zip(self.cvs, x))))
