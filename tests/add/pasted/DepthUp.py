import torch.nn as nn
from ultralytics.nn.modules import Conv


class DepthUp(nn.Module):
    def __init__(self, in_channels, kernel_size=3, stride=1):
        super(DepthUp, self).__init__()
        self.in_channels = in_channels
        self.up_dwc = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(in_channels, in_channels, kernel_size, stride, kernel_size // 2, groups=in_channels, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
        )
        self.pwc = nn.Sequential(nn.Conv2d(in_channels, in_channels, 1))

    def forward(self, x):
        x = self.up_dwc(x)
        b, c, h, w = x.data.size()
        x = x.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, -1, h, w)
        return self.pwc(x)
