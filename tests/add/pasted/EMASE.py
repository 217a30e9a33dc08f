import torch
from torch import nn
from torch.nn import functional as F

# 高效通道注意力 + SE,插到主干网络最后

class EMASE(nn.Module):
    def __init__(self, channel=512, reduction=16):
        super(EMASE, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, max(channel // reduction, 4), bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(max(channel // reduction, 4), channel, bias=False),
            nn.Sigmoid()
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


model = EMASE(64)
print(model(torch.randn(2, 64, 8, 8)).shape)
