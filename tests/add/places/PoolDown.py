import torch.nn as nn


class PoolDown(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.cv = nn.Sequential(nn.Conv2d(c1, c2, 1), nn.BatchNorm2d(c2), nn.SiLU())
        self.mp = nn.MaxPool2d(2, 2)

    def forward(self, x):
        return self.cv(self.mp(x))
