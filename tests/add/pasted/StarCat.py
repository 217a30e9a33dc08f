import torch
import torch.nn as nn


def conv_bn_silu(inp, oup):
    return nn.Sequential(
        nn.Conv2d(inp, oup, 1, bias=False),
        nn.BatchNorm2d(oup),
        nn.SiLU(inplace=True),
    )


class StarCat(nn.Module):
    def __init__(self, inp, oup):
        super().__init__()
        self.reduce = conv_bn_silu(inp, oup)

    def forward(self, *feats):
        return self.reduce(torch.cat(feats, dim=1))
