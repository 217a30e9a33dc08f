import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class InPlaceInput(nn.Module):
    """Activates its input in place: the layers that read the same map get the changed one."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.act, self.cv = nn.ReLU(inplace=True), Conv(c1, c2, k, s)

    def forward(self, x):
        return self.cv(self.act(x))
