import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class PairReturned(nn.Module):
    """Returns its weights beside its map."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.score = nn.Conv2d(c2, 1, 1)

    def forward(self, x):
        x = self.cv(x)
        score = self.score(x).sigmoid()
        return x * score, score
