import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ViewedTransposed(nn.Module):
    """Views a transposed tensor, whose memory is in another order."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.fc = Conv(c1, c2, k, s), nn.Linear(c2, c2)

    def forward(self, x):
        x = self.cv(x)
        return self.fc(x.flatten(2).transpose(1, 2)).transpose(1, 2).view(x.shape[0], -1)
