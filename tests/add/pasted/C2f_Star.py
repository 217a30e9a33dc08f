import torch
import torch.nn as nn
from ultralytics.nn.modules.block import C2f
from ultralytics.nn.modules.conv import Conv


class StarUnit(nn.Module):
    def __init__(self, dim, ratio=2):
        super().__init__()
        self.dw = Conv(dim, dim, 7, g=dim)
        self.f1 = nn.Conv2d(dim, ratio * dim, 1)
        self.f2 = nn.Conv2d(dim, ratio * dim, 1)
        self.g = Conv(ratio * dim, dim, 1, act=False)

    def forward(self, x):
        y = self.dw(x)
        return x + self.g(nn.functional.relu6(self.f1(y)) * self.f2(y))


class C2f_Star(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5):
        super().__init__()
        self.c = int(c2 * e)
        self.cv1 = Conv(c1, 2 * self.c, 1, 1)
        self.cv2 = Conv((2 + n) * self.c, c2, 1)
        self.m = nn.ModuleList(StarUnit(self.c) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        y.extend(m(y[-1]) for m in self.m)
        return self.cv2(torch.cat(y, 1))
