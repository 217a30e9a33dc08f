import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ChosenForward(nn.Module):
    """Chooses its forward in the constructor, as an attribute."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.a, self.b = Conv(c1, c2, k, s), Conv(c2, c2, 3), Conv(c2, c2, 1)
        self.forward = self.forward_long if c2 > 8 else self.forward_short

    def forward_long(self, x):
        x = self.cv(x)
        return self.a(x) + self.b(x)

    def forward_short(self, x):
        return self.a(self.cv(x))
