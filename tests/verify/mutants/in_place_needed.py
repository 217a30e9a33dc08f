import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class InPlaceNeeded(nn.Module):
    """Changes in place what its activation gave, which the backward of a ReLU needs as it was."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.act, self.cv = nn.ReLU(), Conv(c1, c2, k, s, act=False)

    def forward(self, x):
        return self.act(self.cv(x)).mul_(1.5)
