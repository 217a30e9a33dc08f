import torch
import torch.nn as nn


class ScriptedPart(nn.Module):
    """Holds a module of TorchScript."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.act = torch.jit.script(nn.SiLU())

    def forward(self, x):
        return self.act(self.conv(x))
