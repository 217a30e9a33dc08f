import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class PartCalledF(nn.Module):
    """Has a part under a name that parse_model uses."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.f = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        x = self.cv(x)
        g = x.mean((2, 3)).unsqueeze(1)
        return x * self.f(g).sigmoid().transpose(1, 2).unsqueeze(-1)
