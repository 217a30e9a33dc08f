import torch.nn as nn
import torch.nn.functional as F

class StripPool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.horizontal = nn.Conv2d(dim, dim, (1, 3), padding=(0, 1), groups=dim)
        self.vertical = nn.Conv2d(dim, dim, (3, 1), padding=(1, 0), groups=dim)
        self.mix = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        h = self.horizontal(x.mean(2, keepdim=True))
        v = self.vertical(x.mean(3, keepdim=True))
        shortcut = x
        return shortcut * (self.mix(h + v)).sigmoid()
