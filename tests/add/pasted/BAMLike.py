# -*- coding: utf-8 -*-
# @Author  : somebody
# @Desc    : BAM 注意力机制
import torch, math
from thop import profile, clever_format
from torch import nn


class Flatten(nn.Module):
    def forward(self, x):
        return x.view(x.shape[0], -1)


class BAMLike(nn.Module):
    def __init__(self, channel=512, reduction=16, dia_val=2):
        super().__init__()
        self.ca = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), Flatten(),
            nn.Linear(channel, max(channel // reduction, 1)), nn.ReLU(), nn.Linear(max(channel // reduction, 1), channel))
        self.sa = nn.Sequential(
            nn.Conv2d(channel, max(channel // reduction, 1), 1),
            nn.Conv2d(max(channel // reduction, 1), 1, 3, padding=dia_val, dilation=dia_val))
        self.sigmoid = nn.Sigmoid()

    def init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out')

    def forward(self, x):
        b, c, _, _ = x.size()
        sa_out = self.sa(x)
        ca_out = self.ca(x).view(b, c, 1, 1)
        weight = self.sigmoid(sa_out + ca_out)
        out = (1 + weight) * x
        return out


if __name__ == '__main__':
    input = torch.randn(50, 512, 7, 7)
    bam = BAMLike(channel=512, reduction=16, dia_val=2)
    flops, params = clever_format(profile(bam, inputs=(input,)), '%.3f')
    print(flops, params)
