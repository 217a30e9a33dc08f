"""F.dropout without `training=self.training`: it never stops dropping."""

import torch.nn as nn
import torch.nn.functional as F


class EternalDropout(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return F.dropout(self.conv(x), 0.2)
