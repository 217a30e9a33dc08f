import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class FrozenFilters(nn.Module):
    """Keeps its fixed filters as a frozen parameter, which upstream's trainer trains."""

    def __init__(self, c1, c2, k=3, s=2):
        super().__init__()
        self.filters = nn.Parameter(torch.full((c1, 1, 2, 2), 0.25), requires_grad=False)
        self.cv = Conv(c1, c2, k)

    def forward(self, x):
        return self.cv(nn.functional.conv2d(x, self.filters, stride=2, groups=x.shape[1]))
