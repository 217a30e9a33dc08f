import torch.nn as nn


def cbs(a, b, s=1):
    return nn.Sequential(nn.Conv2d(a, b, 3, s, 1, bias=False), nn.BatchNorm2d(b), nn.SiLU())


class TinyBackbone(nn.Module):
    """An image to the maps of the strides 4 to 32"""

    def __init__(self, in_chans=3, dims=(16, 32, 64, 128)):
        super().__init__()
        self.stem = cbs(in_chans, dims[0], 2)
        self.stages = nn.ModuleList(nn.Sequential(cbs(a, b, 2), cbs(b, b)) for a, b in zip((dims[0], *dims[:-1]), dims))

    def forward(self, x):
        x = self.stem(x)
        outs = []
        for stage in self.stages:
            x = stage(x)
            outs.append(x)
        return outs
