import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class EncoderLayer(nn.Module):
    """torch's own layer of a transformer, over all pixels."""

    def __init__(self, c1, c2, *args):
        super().__init__()
        self.cv, self.layer = Conv(c1, c2, 1), nn.TransformerEncoderLayer(c2, 4, 2 * c2, batch_first=True)

    def forward(self, x):
        x = self.cv(x)
        return self.layer(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)
