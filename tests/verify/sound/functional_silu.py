import torch.nn as nn
import torch.nn.functional as F


class FunctionalSilu(nn.Module):
    """Calls its activation as a function, behind two convolutions side by side (RepVGG, arXiv 2101.03697)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(c1, c2, k, s, k // 2, bias=False), nn.BatchNorm2d(c2)
        self.point, self.norm = nn.Conv2d(c1, c2, 1, s, bias=False), nn.BatchNorm2d(c2)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)) + self.norm(self.point(x)))
