import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ListedWeights(nn.Module):
    """Weighs the maps that it joins with parameters in a plain list."""

    def __init__(self, channels, c2):
        super().__init__()
        self.cv = nn.ModuleList(Conv(c, c2, 1) for c in channels)
        self.weights = [nn.Parameter(torch.ones(1)) for _ in channels]

    def forward(self, x):
        return sum(weight * cv(level) for weight, cv, level in zip(self.weights, self.cv, x))
