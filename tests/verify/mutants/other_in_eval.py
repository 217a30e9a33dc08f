import torch.nn as nn
import torch.nn.functional as F


class OtherInEval(nn.Module):
    """Scales its map in eval alone."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        x = self.bn(self.conv(x))
        return F.silu(x if self.training else 20 * x)
