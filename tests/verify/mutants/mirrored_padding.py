import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class MirroredPadding(Conv):
    """Upstream's Conv with another padding than zeros, which fuse() does not keep."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__(c1, c2, k, s)
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False, padding_mode="reflect")
