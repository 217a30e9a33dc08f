import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class MixedImages(nn.Module):
    """Reshapes to tokens with the axes in the wrong order, so that images mix."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.mix = Conv(c1, c2, k, s), nn.Linear(c2, c2)

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        tokens = self.mix(x.permute(2, 3, 0, 1).reshape(b, h * w, c))
        return x + tokens.transpose(1, 2).reshape(b, c, h, w)
