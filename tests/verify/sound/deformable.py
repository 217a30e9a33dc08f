import torch.nn as nn
from torchvision.ops import DeformConv2d


class Deformable(nn.Module):
    """A deformable convolution whose offsets begin at zero."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.offset = nn.Conv2d(c1, 2 * k * k, k, s, k // 2)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)
        self.conv, self.bn, self.act = DeformConv2d(c1, c2, k, s, k // 2, bias=False), nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x, self.offset(x))))
