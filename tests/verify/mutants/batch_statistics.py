"""Activations centred over the batch, in eval too: an image sees its neighbours."""

import torch.nn as nn


class BatchStatistics(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        x = self.conv(x)
        return x - 0.5 * x.mean(0, keepdim=True)
