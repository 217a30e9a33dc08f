import torch
from ultralytics.nn.modules.head import Detect


class HeadOfCorners(Detect):
    """Predicts corners, where upstream's suppression takes centres and sizes."""

    def forward(self, x):
        found = super().forward(x)
        if self.training:
            return found
        y, maps = found
        centre, size = y[:, :2], y[:, 2:4]
        return torch.cat((centre - size / 2, centre + size / 2, y[:, 4:]), 1), maps
