import torch
from ultralytics.nn.modules.head import Detect


class HeadSwapped(Detect):
    """Gives the loss the classes first and then the boxes."""

    def forward(self, x):
        found = super().forward(x)
        if not self.training:
            return found
        return [torch.cat((level[:, -self.nc :], level[:, : -self.nc]), 1) for level in found]
