import torch
import torch.nn as nn


class PyramidPool(nn.Module):
    def __init__(self, c1, c2, k=5):
        super().__init__()
        self.cv1 = nn.Sequential(nn.Conv2d(c1, c1 // 2, 1), nn.BatchNorm2d(c1 // 2), nn.SiLU())
        self.cv2 = nn.Sequential(nn.Conv2d(c1 * 2, c2, 1), nn.BatchNorm2d(c2), nn.SiLU())
        self.m = nn.MaxPool2d(k, 1, k // 2)

    def forward(self, x):
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(self.m(y[-1]))
        return self.cv2(torch.cat(y, 1))
