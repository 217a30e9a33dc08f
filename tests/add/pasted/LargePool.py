import torch
import torch.nn as nn
import torch.nn.functional as F


class LargePool(nn.Module):
    def __init__(self, c1, c2, k=5):
        super().__init__()
        self.k = k
        self.cv1 = Conv(c1, c1 // 2, 1, 1)
        self.lsk = nn.Conv2d(c1 * 2, c1 * 2, 7, padding=3, groups=c1 * 2)
        self.cv2 = Conv(c1 * 2, c2, 1, 1)

    def forward(self, x):
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(F.max_pool2d(y[-1], self.k, 1, self.k // 2))
        y = torch.cat(y, 1)
        return self.cv2(y * torch.sigmoid(self.lsk(y)))
