import torch.nn as nn


class AsymConv(nn.Module):
    # conv + 1xk + kx1, as some papers do
    def __init__(self, ch_in, ch_out, k=3, s=1):
        super().__init__()
        self.square = nn.Conv2d(ch_in, ch_out, k, s, k // 2, bias=False)
        self.hor = nn.Conv2d(ch_in, ch_out, (1, k), s, (0, k // 2), bias=False)
        self.ver = nn.Conv2d(ch_in, ch_out, (k, 1), s, (k // 2, 0), bias=False)
        self.bn = nn.BatchNorm2d(ch_out)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.square(x) + self.hor(x) + self.ver(x)))
