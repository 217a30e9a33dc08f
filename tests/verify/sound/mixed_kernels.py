import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class MixedKernels(nn.Module):
    """A kernel for each image, mixed of four by its own means."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.share = nn.Linear(c2, 4)
        self.weight = nn.Parameter(torch.randn(4, c2, c2, 3, 3) * 0.02)
        self.bn, self.act = nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        shares = (self.share(x.mean((2, 3))) / 30).softmax(1)
        kernels = torch.einsum("bk,kocij->bocij", shares, self.weight).reshape(b * c, c, 3, 3)
        y = F.conv2d(x.reshape(1, b * c, h, w), kernels, padding=1, groups=b).view(b, c, h, w)
        return self.act(self.bn(y))
