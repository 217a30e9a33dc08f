import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ChannelLine(nn.Module):
    """A convolution over the channels, in one dimension."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.line = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        x = self.cv(x)
        means = x.mean((2, 3)).unsqueeze(1)
        return x * self.line(means).sigmoid().transpose(1, 2).unsqueeze(-1)
