"""An attention between the channels of a head with as many heads as channels: each softmax is over one value."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ChannelOfEachHead(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.heads = c2
        self.temperature = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.qkv = nn.Conv2d(c2, 3 * c2, 1)

    def forward(self, x):
        x = self.conv(x)
        q, k, v = (part.reshape(len(x), self.heads, -1, x[0, 0].numel()) for part in self.qkv(x).chunk(3, 1))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        return x + ((scores * self.temperature).softmax(-1) @ v).reshape(x.shape)
