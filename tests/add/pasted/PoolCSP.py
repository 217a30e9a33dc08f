import torch
import torch.nn as nn
from models.common import Conv


class PoolCSP(nn.Module):
    # SPPFCSPC 的简化
    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5, k=5):
        super().__init__()
        c_ = int(2 * c2 * e)  # hidden channels
        self.cv1 = Conv(c1, c_, 1, 1)
        self.cv2 = Conv(c1, c_, 1, 1)
        self.cv3 = Conv(c_, c_, 3, 1)
        self.m = nn.MaxPool2d(kernel_size=k, stride=1, padding=k // 2)
        self.cv5 = Conv(4 * c_, c_, 1, 1)
        self.cv7 = Conv(2 * c_, c2, 1, 1)

    def forward(self, x):
        x1 = self.cv3(self.cv1(x))
        x2 = self.m(x1)
        x3 = self.m(x2)
        y1 = self.cv5(torch.cat((x1, x2, x3, self.m(x3)), 1))
        y2 = self.cv2(x)
        return self.cv7(torch.cat((y1, y2), dim=1))
