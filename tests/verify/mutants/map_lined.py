import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class MapLined(nn.Module):
    """Gives a map to a linear layer, which takes the channels last."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.fc = nn.Linear(c2, c2)

    def forward(self, x):
        x = self.cv(x)
        return x + self.fc(x)
