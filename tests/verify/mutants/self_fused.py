import torch.nn as nn


class SelfFused(nn.Module):
    """Folds its second branch into the first in eval, and has none to train afterwards."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.a, self.b = nn.Conv2d(c1, c2, k, s, k // 2), nn.Conv2d(c1, c2, 1, s)
        self.bn, self.act = nn.BatchNorm2d(c2), nn.SiLU()

    def train(self, mode=True):
        super().train(mode)
        if not mode and hasattr(self, "b"):
            middle = self.a.kernel_size[0] // 2
            self.a.weight.data[:, :, middle, middle] += self.b.weight.data[:, :, 0, 0]
            self.a.bias.data += self.b.bias.data
            del self.b
        return self

    def forward(self, x):
        y = self.a(x) + self.b(x) if hasattr(self, "b") else self.a(x)
        return self.act(self.bn(y))
