import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class ImageCheckpointed(nn.Module):
    """Computes its block again for the gradient, in the way that needs a gradient of the input."""

    def __init__(self, c1, c2, k=1, s=1, p=None):
        super().__init__()
        padding = k // 2 if p is None else p
        self.block = nn.Sequential(nn.Conv2d(c1, c2, k, s, padding, bias=False), nn.BatchNorm2d(c2), nn.SiLU())

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=True)
