import torch
import torch.nn as nn


class MeanPool(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=5):
        super().__init__()
        c_ = in_channels // 2
        self.cv1 = nn.Sequential(nn.Conv2d(in_channels, c_, 1, bias=False), nn.BatchNorm2d(c_), nn.ReLU())
        self.cv2 = nn.Sequential(nn.Conv2d(c_ * 4, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU())
        self.m = nn.MaxPool2d(kernel_size=kernel_size, stride=1, padding=kernel_size // 2)
        self.am = nn.AvgPool2d(kernel_size=kernel_size, stride=1, padding=kernel_size // 2)

    def forward(self, x):
        x = self.cv1(x)
        y1, y2 = self.m(x), self.am(x)
        return self.cv2(torch.cat([x, y1, y2, self.m(y2)], 1))
