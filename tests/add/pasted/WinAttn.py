import torch
import torch.nn as nn


# Windows 换行
class WinAttn(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate = nn.Conv2d(c, c, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.gate(x))
