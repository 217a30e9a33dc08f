import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class DflNamed(nn.Module):
    """Has a part whose name begins as upstream's frozen one, so that upstream's trainer freezes it."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.dflow, self.cv = Conv(c1, c1, 1), Conv(c1, c2, k, s)

    def forward(self, x):
        return self.cv(self.dflow(x))
