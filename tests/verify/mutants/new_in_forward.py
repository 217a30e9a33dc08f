import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class NewInForward(nn.Module):
    """Makes its gate anew in every forward."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        x = self.cv(x)
        gate = nn.Conv2d(x.shape[1], x.shape[1], 1).to(x.device)
        return x * gate(x).sigmoid()
