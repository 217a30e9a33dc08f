import torch
import torch.nn as nn


class WSum(nn.Module):
    def __init__(self, inc, width):
        super().__init__()
        self.proj = nn.ModuleList(nn.Conv2d(c, width, 1) for c in inc)
        self.w = nn.Parameter(torch.ones(len(inc)))

    def forward(self, x):
        w = torch.relu(self.w)
        w = w / (w.sum() + 1e-4)
        return sum(w[n] * p(one) for n, (p, one) in enumerate(zip(self.proj, x)))
