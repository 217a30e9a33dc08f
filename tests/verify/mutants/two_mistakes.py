import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class TwoMistakes(nn.Module):
    """Never stops dropping, and keeps its bias as a plain tensor."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.bias = Conv(c1, c2, k, s), torch.rand(c2, 1, 1)

    def forward(self, x):
        return F.dropout(self.cv(x), 0.1) + self.bias
