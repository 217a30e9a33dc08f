import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class PartialConvolution(nn.Module):
    """Convolves a quarter of the channels and passes the others on (FasterNet, arXiv 2303.03667)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.down, self.part = Conv(c1, c2, 1, s), c2 // 4
        self.conv = nn.Conv2d(self.part, self.part, k, 1, k // 2, bias=False)

    def forward(self, x):
        first, rest = self.down(x).tensor_split([self.part], 1)
        return torch.cat((self.conv(first), rest), 1)
