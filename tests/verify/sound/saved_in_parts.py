import torch.nn as nn
from torch.utils.checkpoint import checkpoint_sequential
from ultralytics.nn.modules.conv import Conv


class SavedInParts(nn.Module):
    """Computes two layers again in the backward, with the checkpoint that does not re-enter."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.m = nn.Sequential(Conv(c2, c2, 3), Conv(c2, c2, 3))

    def forward(self, x):
        x = self.cv(x)
        if self.training and x.requires_grad:
            return checkpoint_sequential(self.m, 2, x, use_reentrant=False)
        return self.m(x)
