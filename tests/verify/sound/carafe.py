import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class Carafe(nn.Module):
    """Upsamples with a kernel for each pixel, made from the map (CARAFE, arXiv 1905.02188)."""

    def __init__(self, c, scale=2, k=5):
        super().__init__()
        self.down, self.k, self.scale = Conv(c, max(8, c // 4), 1), k, scale
        self.encode = nn.Conv2d(max(8, c // 4), (scale * k) ** 2, 3, padding=1)

    def forward(self, x):
        b, c, h, w = x.shape
        weights = F.pixel_shuffle(self.encode(self.down(x)), self.scale).softmax(1)
        patches = F.unfold(x, self.k, padding=self.k // 2).view(b, c * self.k**2, h, w)
        patches = F.interpolate(patches, scale_factor=float(self.scale), mode="nearest")
        patches = patches.view(b, c, self.k**2, h * self.scale, w * self.scale)
        return (weights.unsqueeze(1) * patches).sum(2)
