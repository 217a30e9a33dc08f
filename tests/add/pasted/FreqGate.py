import torch
import torch.nn as nn


class FreqGate(nn.Module):
    def __init__(self, dim, expand=2):
        super().__init__()
        self.pre = nn.Conv2d(dim, dim * expand, 1)
        self.gain = nn.Parameter(torch.ones(1, dim * expand, 1, 1))
        self.post = nn.Conv2d(dim * expand, dim, 1)

    def forward(self, x):
        _, _, h, w = x.shape
        y = self.pre(x)
        f = torch.fft.rfft2(y.float(), norm='ortho') * self.gain
        y = torch.fft.irfft2(f, s=(h, w), norm='ortho').type_as(x)
        return x + self.post(y)
