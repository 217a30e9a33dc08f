import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class GroupInBn(Conv):
    """Has a GroupNorm where upstream's fuse() looks for a BatchNorm."""

    def __init__(self, c1, c2, k=1, s=1, p=None, g=1):
        super().__init__(c1, c2, k, s, p, g)
        self.bn = nn.GroupNorm(8, c2)
