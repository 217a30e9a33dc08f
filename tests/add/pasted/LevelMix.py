import torch
import torch.nn as nn
import torch.nn.functional as F


class LevelMix(nn.Module):
    """检测头前的多层特征混合: 每层输出 hidc 个通道"""

    def __init__(self, ch=(), hidc=64, block_num=2):
        super().__init__()
        self.stem = nn.ModuleList(nn.Sequential(nn.Conv2d(c, hidc, 1, bias=False), nn.BatchNorm2d(hidc), nn.SiLU()) for c in ch)
        self.scale = nn.ModuleList(nn.Conv2d(hidc, 1, 1) for _ in range(block_num))

    def forward(self, x):
        feats = [stem(f) for stem, f in zip(self.stem, x)]
        for block in self.scale:
            out = []
            for level, f in enumerate(feats):
                near = [f]
                if level > 0:
                    near.append(F.adaptive_avg_pool2d(feats[level - 1], f.shape[-2:]))
                if level < len(feats) - 1:
                    near.append(F.interpolate(feats[level + 1], size=f.shape[-2:], mode='nearest'))
                out.append(sum(m * torch.sigmoid(block(m)) for m in near) / len(near))
            feats = out
        return feats
