from ultralytics.nn.modules import Conv, C3k2, C3k, Bottleneck
import torch
import torch.nn as nn


class GatedBlock(nn.Module):
    def __init__(self, dim, expansion=2, kernel_size=7):
        super().__init__()
        hidden = dim * expansion
        self.norm = nn.BatchNorm2d(dim)
        self.fc1 = nn.Conv2d(dim, hidden * 2, 1)
        self.dw = nn.Conv2d(hidden, hidden, kernel_size, padding=kernel_size // 2, groups=hidden)
        self.fc2 = nn.Conv2d(hidden, dim, 1)
        self.act = nn.GELU()

    def forward(self, x):
        g, i = self.fc1(self.norm(x)).chunk(2, 1)
        return x + self.fc2(self.act(g) * self.dw(i))


class C3k2_Gated(C3k2):
    def __init__(self, c1, c2, n=1, c3k=False, e=0.5, g=1, shortcut=True):
        super().__init__(c1, c2, n, c3k, e, g=g, shortcut=shortcut)
        self.m = nn.ModuleList(C3k(self.c, self.c, 2, shortcut, g) if c3k else GatedBlock(self.c) for _ in range(n))
