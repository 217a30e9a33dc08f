import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class Involution(nn.Module):
    """A kernel for each position, computed from the map, by unfold."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.kernel = nn.Sequential(Conv(c2, c2 // 4, 1), nn.Conv2d(c2 // 4, 9 * 4, 1))

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        kernels = self.kernel(x).view(b, 4, 1, 9, h, w)
        parts = F.unfold(x, 3, padding=1).view(b, 4, c // 4, 9, h, w)
        return (parts * kernels).sum(3).reshape(b, c, h, w)
