import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class ImageCheckpointed(nn.Module):
    """Computes its block again for the gradient, in the way that needs a gradient of the input."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(c1, c2, k, s, k // 2, bias=False), nn.BatchNorm2d(c2), nn.SiLU())

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=True)
