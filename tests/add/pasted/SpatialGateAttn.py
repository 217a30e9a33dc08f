import torch
import torch.nn as nn


class ChannelPart(nn.Module):
    def __init__(self, in_planes, ratio=16):
        super(ChannelPart, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.f1 = nn.Conv2d(in_planes, in_planes // ratio, 1, bias=False)
        self.relu = nn.ReLU()
        self.f2 = nn.Conv2d(in_planes // ratio, in_planes, 1, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = self.f2(self.relu(self.f1(self.avg_pool(x))))
        max_out = self.f2(self.relu(self.f1(self.max_pool(x))))
        return self.sigmoid(avg_out + max_out)


class SpatialPart(nn.Module):
    def __init__(self, kernel_size=7):
        super(SpatialPart, self).__init__()
        assert kernel_size in (3, 7), 'kernel size must be 3 or 7'
        padding = 3 if kernel_size == 7 else 1
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=padding, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = torch.mean(x, dim=1, keepdim=True)
        max_out, _ = torch.max(x, dim=1, keepdim=True)
        return self.sigmoid(self.conv(torch.cat([avg_out, max_out], dim=1)))


class SpatialGateAttn(nn.Module):
    # CSDN: 通道 + 空间注意力
    def __init__(self, c1, c2, ratio=16, kernel_size=7):  # ch_in, ch_out, shortcut, groups, expansion
        super(SpatialGateAttn, self).__init__()
        self.channel_attention = ChannelPart(c1, ratio)
        self.spatial_attention = SpatialPart(kernel_size)

    def forward(self, x):
        out = self.channel_attention(x) * x
        out = self.spatial_attention(out) * out
        return out
