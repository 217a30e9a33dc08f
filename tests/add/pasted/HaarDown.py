import torch
import torch.nn as nn
import numpy as np

__version__ = '0.1'
WAVELETS = {'haar': [[1, 1], [1, 1]]}
np.set_printoptions(precision=3)


class HaarDown(nn.Module):
    # 下采样替代 stride=2 的 Conv
    def __init__(self, in_ch, out_ch):
        super(HaarDown, self).__init__()
        self.conv_bn_relu = nn.Sequential(
            nn.Conv2d(in_ch * 4, out_ch, kernel_size=1, stride=1),
            nn.BatchNorm2d(out_ch),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        a, b = x[:, :, 0::2, 0::2], x[:, :, 1::2, 0::2]
        c, d = x[:, :, 0::2, 1::2], x[:, :, 1::2, 1::2]
        x = torch.cat([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d], dim=1) / 2
        return self.conv_bn_relu(x)
