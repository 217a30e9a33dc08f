import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class EncoderLayerByPixels(nn.Module):
    """torch's own layer of a transformer, over all pixels, which come first: exporters know all that it does."""

    def __init__(self, c1, c2, *args):
        super().__init__()
        self.cv, self.layer = Conv(c1, c2, 1), nn.TransformerEncoderLayer(c2, 4, 2 * c2)

    def forward(self, x):
        x = self.cv(x)
        return self.layer(x.flatten(2).permute(2, 0, 1)).permute(1, 2, 0).reshape(x.shape)
