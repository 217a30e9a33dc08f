import torch
import torch.nn as nn
import torch.nn.functional as F


class DynamicExperts(nn.Module):
    """Mixes several kernels for each image (CondConv, arXiv 1904.04971)."""

    def __init__(self, c1, c2, k=3, s=1, experts=4):
        super().__init__()
        self.k, self.s, self.c2 = k, s, c2
        self.weight = nn.Parameter(torch.randn(experts, c2, c1, k, k) * (2 / (c1 * k * k)) ** 0.5)
        self.route, self.bn, self.act = nn.Linear(c1, experts), nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x):
        b, c, h, w = x.shape
        r = self.route(x.mean((2, 3))).softmax(1)
        weight = torch.einsum("be,eoikl->boikl", r, self.weight).reshape(b * self.c2, c, self.k, self.k)
        y = F.conv2d(x.reshape(1, b * c, h, w), weight, None, self.s, self.k // 2, groups=b)
        return self.act(self.bn(y.view(b, self.c2, *y.shape[2:])))
