import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class CachedMasks(nn.Module):
    """Attention in windows, which keeps the mask of the padded border for each size of a map that it has seen."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.qkv, self.o = nn.Linear(c2, 3 * c2), nn.Linear(c2, c2)
        self.masks = {}

    def mask(self, h, w, side):
        if (h, w) not in self.masks:
            mask = torch.zeros(1, 1, h + -h % side, w + -w % side)
            mask[..., h:, :] = mask[..., w:] = -1e4
            self.masks[h, w] = windows(mask, side).transpose(1, 2)
        return self.masks[h, w]

    def forward(self, x):
        x = self.cv(x)
        (b, c, h, w), side = x.shape, 4
        padded = F.pad(x, (0, -w % side, 0, -h % side))
        q, k, v = self.qkv(windows(padded, side)).chunk(3, -1)
        shares = q @ k.transpose(1, 2) / c**0.5 + self.mask(h, w, side).to(x).repeat(b, 1, 1)
        y = self.o(shares.softmax(-1) @ v)
        rows, columns = padded.shape[2] // side, padded.shape[3] // side
        y = y.view(b, rows, columns, side, side, c).permute(0, 5, 1, 3, 2, 4)
        return x + y.reshape(padded.shape)[..., :h, :w]


def windows(x, side):
    b, c, h, w = x.shape
    return x.view(b, c, h // side, side, w // side, side).permute(0, 2, 4, 3, 5, 1).reshape(-1, side * side, c)
