import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class CoolingNumber(nn.Module):
    """Lowers a number of Python's while it trains: neither the EMA nor a checkpoint has it."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.t, self.fc = 30.0, nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        if self.training:
            self.t = max(1.0, self.t * 0.9)
        a = (self.fc(x.mean((2, 3), keepdim=True)) / self.t).softmax(1)
        return x * a * x.shape[1]
