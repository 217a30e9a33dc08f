import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ShrinkingPool(nn.Module):
    """Pools with too little padding, so that the maps that it joins have other sizes (after SPPF)."""

    def __init__(self, c1, c2, k=5, *others):
        super().__init__()
        self.cv1, self.cv2, self.pool = Conv(c1, c1 // 2, 1), Conv(c1 * 2, c2, 1), nn.MaxPool2d(k, 1, 1)

    def forward(self, x):
        maps = [self.cv1(x)]
        maps.extend(self.pool(maps[-1]) for _ in range(3))
        return self.cv2(torch.cat(maps, 1))
