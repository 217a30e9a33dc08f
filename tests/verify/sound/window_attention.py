import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class WindowAttention(nn.Module):
    """Attention inside windows, with a learned bias by position (Swin, arXiv 2103.14030)."""

    def __init__(self, c1, c2, n=1, *args):
        super().__init__()
        self.side, self.heads = 4, 4
        self.cv, self.norm = Conv(c1, c2, 1), nn.LayerNorm(c2)
        self.qkv, self.proj = nn.Linear(c2, 3 * c2), nn.Linear(c2, c2)
        self.table = nn.Parameter(torch.zeros((2 * self.side - 1) ** 2, self.heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        ys, xs = torch.meshgrid(torch.arange(self.side), torch.arange(self.side), indexing="ij")
        points = torch.stack((ys, xs)).flatten(1)
        apart = points[:, :, None] - points[:, None] + self.side - 1
        self.register_buffer("index", apart[0] * (2 * self.side - 1) + apart[1])

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        s = self.side
        y = F.pad(x, (0, -w % s, 0, -h % s))
        hh, ww = y.shape[2:]
        y = y.view(b, c, hh // s, s, ww // s, s).permute(0, 2, 4, 3, 5, 1).reshape(-1, s * s, c)
        q, k, v = self.qkv(self.norm(y)).view(-1, s * s, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.table[self.index].permute(2, 0, 1)
        scores = q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5 + bias
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, s * s, c)
        y = self.proj(y).view(b, hh // s, ww // s, s, s, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, hh, ww)
        return x + y[..., :h, :w]
