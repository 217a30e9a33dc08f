import torch
from ultralytics.nn.modules.head import Detect


class HeadOfTwoSigmoids(Detect):
    """Gives the loss scores, to which it applies its own sigmoid."""

    def forward(self, x):
        found = super().forward(x)
        if not self.training:
            return found
        return [torch.cat((level[:, : -self.nc], level[:, -self.nc :].sigmoid()), 1) for level in found]
