import torch.nn as nn


class GateStage(nn.Module):
    def __init__(self, c1, c2, n=1, e=0.5):
        super().__init__()
        c = int(c2 * e)
        self.cv1 = nn.Sequential(nn.Conv2d(c1, c, 1), nn.BatchNorm2d(c), nn.SiLU())
        self.m = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(c, c, 3, 1, 1), nn.BatchNorm2d(c), nn.SiLU()) for _ in range(n))
        )
        self.cv2 = nn.Sequential(nn.Conv2d(c, c2, 1), nn.BatchNorm2d(c2), nn.SiLU())

    def forward(self, x):
        return self.cv2(self.m(self.cv1(x)))
