import torch
import torch.nn as nn


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PatchNet(nn.Module):
    def __init__(self, in_chans=3, dims=[24, 48, 96, 192], depths=[1, 1, 2, 1]):
        super().__init__()
        self.down = nn.ModuleList()
        self.stages = nn.ModuleList()
        last = in_chans
        for i in range(4):
            k = 4 if i == 0 else 2
            self.down.append(nn.Sequential(nn.Conv2d(last, dims[i], k, stride=k), LayerNorm2d(dims[i])))
            self.stages.append(nn.Sequential(*[nn.Sequential(
                nn.Conv2d(dims[i], dims[i], 7, padding=3, groups=dims[i]), nn.GELU(), nn.Conv2d(dims[i], dims[i], 1)
            ) for _ in range(depths[i])]))
            last = dims[i]

    def forward(self, x):
        res = []
        for down, stage in zip(self.down, self.stages):
            x = down(x)
            x = x + stage(x)
            res.append(x)
        return res
