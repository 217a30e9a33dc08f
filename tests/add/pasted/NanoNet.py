import torch
import torch.nn as nn


class Unit(nn.Module):
    def __init__(self, inp, oup, stride):
        super().__init__()
        self.dw = nn.Conv2d(inp, inp, 3, stride, 1, groups=inp, bias=False)
        self.bn1 = nn.BatchNorm2d(inp)
        self.pw = nn.Conv2d(inp, oup, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(oup)
        self.act = nn.Hardswish()

    def forward(self, x):
        return self.act(self.bn2(self.pw(self.bn1(self.dw(x)))))


class NanoNet(nn.Module):
    def __init__(self, width=(16, 24, 48, 96, 160), depth=(1, 1, 2, 1), pretrained=False):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width[0], 3, 2, 1, bias=False), nn.BatchNorm2d(width[0]), nn.ReLU6())
        stages = []
        for i, n in enumerate(depth):
            layers = [Unit(width[i], width[i + 1], 2)] + [Unit(width[i + 1], width[i + 1], 1) for _ in range(n - 1)]
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self._init_weights()

    def _init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out')
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.ones_(m.weight)

    def forward(self, x):
        unique_tensors = {}
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            width, height = x.shape[2], x.shape[3]
            unique_tensors[(width, height)] = x
        return list(unique_tensors.values())[-4:]
