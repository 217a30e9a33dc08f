import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ScrambledTokens(nn.Module):
    """Mixes tokens that hold values of several channels: a map was viewed as tokens without a transpose."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.fc = Conv(c1, c2, k, s), nn.Linear(c2, c2)

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        return x + self.fc(x.view(b, h * w, c)).view(b, c, h, w)
