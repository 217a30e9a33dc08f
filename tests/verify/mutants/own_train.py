import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class OwnTrain(nn.Module):
    """Has its own train(), without the mode by which torch calls it."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def train(self):
        super().train()
        self.cv.bn.eval()

    def forward(self, x):
        return self.cv(x)
