"""State that every call changes, in eval too."""

import torch.nn as nn


class CallCounter(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.conv(x) * (1 + 1 / self.calls)
