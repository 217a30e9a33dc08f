import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ComplexFilter(nn.Module):
    """Filters by a complex parameter, which upstream's EMA leaves as it was."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.w = nn.Parameter(torch.randn(c2, 1, 1, dtype=torch.cfloat) * 0.02 + 1)

    def forward(self, x):
        x = self.cv(x)
        f = torch.fft.rfft2(x.float(), norm="ortho") * self.w
        return torch.fft.irfft2(f, s=x.shape[-2:], norm="ortho").to(x.dtype)
