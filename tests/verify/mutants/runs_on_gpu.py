import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class RunsOnGpu(nn.Module):
    """Has a way for a GPU only, as compiled kernels have."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)

    def forward(self, x):
        if not x.is_cuda:
            raise RuntimeError("Expected u.is_cuda() to be true, but got false.")
        return self.cv(x)
