import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ZeroPair(nn.Module):
    """Two zero convolutions, one behind the other: the gradient of each is a product with the other."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.first, self.second = nn.Conv2d(c2, c2, 1, bias=False), nn.Conv2d(c2, c2, 1, bias=False)
        nn.init.zeros_(self.first.weight)
        nn.init.zeros_(self.second.weight)

    def forward(self, x):
        x = self.cv(x)
        return x + self.second(self.first(x).relu())
