import torch.nn as nn
from ultralytics.nn.modules.conv import Conv
from ultralytics.nn.modules.head import Detect


class OwnHead(Detect):
    """Upstream's head behind a convolution for each of its maps."""

    def __init__(self, nc, *others):
        super().__init__(nc, *others)
        self.stems = nn.ModuleList(Conv(c, c, 3) for c in others[-1])

    def forward(self, x):
        return super().forward([stem(level) for stem, level in zip(self.stems, x)])
