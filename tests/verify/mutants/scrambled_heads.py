import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ScrambledHeads(nn.Module):
    """Attention whose heads are merged without their axis moved behind that of the tokens."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.heads = Conv(c1, c2, k, s), 4
        self.qkv, self.proj = nn.Linear(c2, 3 * c2), nn.Linear(c2, c2)

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        tokens = self.qkv(x.flatten(2).transpose(1, 2))
        q, k, v = tokens.view(b, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = ((q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5).softmax(-1) @ v
        return x + self.proj(y.reshape(b, h * w, c)).transpose(1, 2).view(b, c, h, w)
