import torch.nn as nn


class ListCalled(nn.Module):
    """Calls a list of layers."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.parts = nn.ModuleList([nn.Conv2d(c1, c2, k, s, k // 2), nn.SiLU()])

    def forward(self, x):
        return self.parts(x)
