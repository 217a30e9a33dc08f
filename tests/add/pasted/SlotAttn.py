import torch
import torch.nn as nn


class SlotAttn(nn.Module):
    def __init__(self, c1, c2, n=1, e=0.5):
        super().__init__()
        assert c1 == c2
        self.c = int(c1 * e)
        self.cv1 = Conv(c1, 2 * self.c, 1, 1)
        self.cv2 = Conv(2 * self.c, c1, 1)
        self.m = nn.Sequential(*(nn.Sequential(nn.Conv2d(self.c, self.c, 3, 1, 1, groups=self.c), nn.BatchNorm2d(self.c), nn.SiLU()) for _ in range(n)))

    def forward(self, x):
        a, b = self.cv1(x).split((self.c, self.c), dim=1)
        b = b * torch.sigmoid(self.m(b))
        return self.cv2(torch.cat((a, b), 1))
