import torch
import torch.nn as nn

# 加权特征融合,替换 Concat
class BiWeightJoin(nn.Module):
    def __init__(self, in_channels_list, out_channels, eps=1e-4):
        super(BiWeightJoin, self).__init__()
        self.w = nn.Parameter(torch.ones(len(in_channels_list), dtype=torch.float32), requires_grad=True)
        self.eps = eps
        self.proj = nn.ModuleList([
            nn.Sequential(nn.Conv2d(c, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.SiLU())
            for c in in_channels_list
        ])

    def forward(self, x):
        weight = self.w.relu()
        weight = weight / (torch.sum(weight, dim=0) + self.eps)
        out = 0
        for i, f in enumerate(x):
            out = out + weight[i] * self.proj[i](f)
        return out
