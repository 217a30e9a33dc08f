import torch.nn as nn
from ultralytics.nn.modules.conv import Conv
from ultralytics.nn.modules.head import Detect


class OwnHead(Detect):
    """Upstream's head behind a convolution for each of its maps."""

    def __init__(self, nc=80, ch=()):
        super().__init__(nc, ch)
        self.stems = nn.ModuleList(Conv(c, c, 3) for c in ch)

    def forward(self, x):
        return super().forward([stem(level) for stem, level in zip(self.stems, x)])
