import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class MapNormed(nn.Module):
    """Takes the norm of a map's rows, where its channels are meant."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.norm = nn.LayerNorm(c2)

    def forward(self, x):
        x = self.cv(x)
        return self.norm(x)
