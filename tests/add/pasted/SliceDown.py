import torch
from torch import nn

class SliceDown(nn.Module):
    '''space to depth'''
    def __init__(self, inc, ouc, dimension=1):
        super().__init__()
        self.d = dimension
        self.conv = nn.Conv2d(inc * 4, ouc, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(ouc)

    def forward(self, x):
        x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], self.d)
        return nn.functional.gelu(self.norm(self.conv(x)))
