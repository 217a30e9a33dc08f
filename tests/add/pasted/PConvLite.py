import torch
import torch.nn as nn
from torch import Tensor


class PConvLite(nn.Module):
    # 部分卷积:只对一部分通道做卷积,其余通道保持不变
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=None, n_div=4):
        super().__init__()
        self.dim_conv = max(in_channels // n_div, 1)
        pad = kernel_size // 2 if padding is None else padding
        self.partial_conv = nn.Conv2d(self.dim_conv, self.dim_conv, kernel_size, stride, pad, bias=False)
        self.untouched = nn.AvgPool2d(kernel_size, stride, pad, count_include_pad=False) if stride > 1 else nn.Identity()
        self.mix = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x1, x2 = torch.split(x, [self.dim_conv, x.shape[1] - self.dim_conv], dim=1)
        x1 = self.partial_conv(x1)
        x2 = self.untouched(x2)
        return self.mix(torch.cat((x1, x2), 1))


if __name__ == '__main__':
    block = PConvLite(64, 64)
    input = torch.rand(1, 64, 64, 64)
    output = block(input)
    print(input.size(), output.size())
