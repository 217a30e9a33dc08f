import torch
import torch.nn as nn


class ContextDown(nn.Module):
    """ the size of feature map divided 2, (H,W,C)---->(H/2, W/2, 2C) """

    def __init__(self, nIn, dilation_rate=2, reduction=8):
        super().__init__()
        nOut = 2 * nIn
        self.conv1x1 = nn.Sequential(nn.Conv2d(nIn, nOut, 3, 2, 1), nn.BatchNorm2d(nOut), nn.PReLU(nOut))
        self.loc = nn.Conv2d(nOut, nOut, 3, padding=1, groups=nOut, bias=False)
        self.sur = nn.Conv2d(nOut, nOut, 3, padding=dilation_rate, dilation=dilation_rate, groups=nOut, bias=False)
        self.bn = nn.BatchNorm2d(2 * nOut)
        self.reduce = nn.Conv2d(2 * nOut, nOut, 1, bias=False)

    def forward(self, x):
        x = self.conv1x1(x)
        y = self.bn(torch.cat([self.loc(x), self.sur(x)], 1))
        return self.reduce(y)


class ContextDownTo(nn.Module):
    def __init__(self, nIn, nOut, dilation_rate=2):
        super().__init__()
        self.body = ContextDown(nIn, dilation_rate)
        self.out = nn.Sequential(nn.Conv2d(2 * nIn, nOut, 1), nn.BatchNorm2d(nOut), nn.SiLU())

    def forward(self, x):
        return self.out(self.body(x))
