import math

import torch
import torch.nn as nn
from ultralytics.nn.modules.block import DFL
from ultralytics.nn.modules.conv import Conv


def make_anchors(feats, strides, off=0.5):
    a, b = [], []
    for f, s in zip(feats, strides):
        h, w = f.shape[2:]
        sx = torch.arange(w, device=f.device, dtype=f.dtype) + off
        sy = torch.arange(h, device=f.device, dtype=f.dtype) + off
        sy, sx = torch.meshgrid(sy, sx, indexing="ij")
        a.append(torch.stack((sx, sy), -1).view(-1, 2))
        b.append(torch.full((h * w, 1), float(s), dtype=f.dtype, device=f.device))
    return torch.cat(a), torch.cat(b)


def dist2bbox(d, a, xywh=True, dim=-1):
    lt, rb = d.chunk(2, dim)
    x1, x2 = a - lt, a + rb
    return torch.cat(((x1 + x2) / 2, x2 - x1), dim)


class Detect_Shared(nn.Module):
    dynamic = False
    export = False
    shape = None
    anchors = torch.empty(0)
    strides = torch.empty(0)

    def __init__(self, nc=80, ch=()):
        super().__init__()
        self.nc = nc
        self.nl = len(ch)
        self.reg_max = 16
        self.no = nc + self.reg_max * 4
        self.stride = torch.zeros(self.nl)
        w = 64
        self.stem = nn.ModuleList(Conv(c, w, 1) for c in ch)
        self.share = nn.Sequential(Conv(w, w, 3), Conv(w, w, 3))
        self.cv2 = nn.ModuleList(nn.Conv2d(w, 4 * self.reg_max, 1) for _ in ch)
        self.cv3 = nn.ModuleList(nn.Conv2d(w, nc, 1) for _ in ch)
        self.dfl = DFL(self.reg_max)

    def forward(self, x):
        shape = x[0].shape
        for i in range(self.nl):
            y = self.share(self.stem[i](x[i]))
            x[i] = torch.cat((self.cv2[i](y), self.cv3[i](y)), 1)
        if self.training:
            return x
        x_cat = torch.cat([xi.view(shape[0], self.no, -1) for xi in x], 2)
        if self.dynamic or self.shape != shape:
            self.anchors, self.strides = (t.transpose(0, 1) for t in make_anchors(x, self.stride, 0.5))
            self.shape = shape
        box, cls = x_cat.split((self.reg_max * 4, self.nc), 1)
        dbox = dist2bbox(self.dfl(box), self.anchors.unsqueeze(0), xywh=True, dim=1) * self.strides
        y = torch.cat((dbox, cls.sigmoid()), 1)
        return y if self.export else (y, x)

    def bias_init(self):
        for a, b, s in zip(self.cv2, self.cv3, self.stride):
            a.bias.data[:] = 1.0
            b.bias.data[: self.nc] = math.log(5 / self.nc / (640 / s) ** 2)
