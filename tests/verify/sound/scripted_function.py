import torch
import torch.nn as nn


@torch.jit.script
def _gated(x, gate):
    return x * torch.sigmoid(gate)


class ScriptedFunction(nn.Module):
    """Uses a function of TorchScript."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()
        self.gate = nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.act(self.bn(self.conv(x)))
        return _gated(x, self.gate(x))
