import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ChannelGate(nn.Module):
    """Gates channels by a 1-D convolution over their means (ECA, arXiv 1910.03151)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.conv = Conv(c1, c2, k, s), nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        x = self.cv(x)
        means = x.mean((2, 3)).unsqueeze(1)
        return x * self.conv(means).sigmoid().transpose(1, 2).unsqueeze(-1)
