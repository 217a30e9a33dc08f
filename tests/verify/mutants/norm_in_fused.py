import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class NormInFused(Conv):
    """Its fused way still uses the norm that fuse() has folded and deleted."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__(c1, c2, k, s)
        self.side = nn.Conv2d(c1, c2, 1, s, bias=False)

    def forward(self, x):
        return self.act(self.bn(self.conv(x) + self.side(x)))

    def forward_fuse(self, x):
        return self.act(self.bn(self.conv(x) + self.side(x)))
