import torch.nn as nn


class ClassCalled(nn.Module):
    """Keeps the class of an activation, and makes an object of it with the map as its first argument."""

    def __init__(self, c1, c2, k=1, s=1, act=nn.SiLU):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.act = act

    def forward(self, x):
        return self.act(self.conv(x))
