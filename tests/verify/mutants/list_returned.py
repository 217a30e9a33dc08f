import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ListReturned(nn.Module):
    """Returns a list in place of its map."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        x = self.cv(x)
        return [x, x.mean()]
