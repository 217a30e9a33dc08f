import torch
import torch.nn as nn
from ultralytics.nn.modules.block import DFL
from ultralytics.nn.modules.conv import Conv
from ultralytics.utils.tal import dist2bbox, make_anchors


class HeadFromNothing(nn.Module):
    """A head that is no subclass of upstream's, so that upstream sets neither its strides nor its biases."""

    dynamic = export = end2end = False
    format = shape = None
    anchors = strides = torch.empty(0)

    def __init__(self, nc, *others):
        super().__init__()
        ch = others[-1]
        self.nc, self.nl, self.reg_max, self.no = nc, len(ch), 16, nc + 64
        self.stride = torch.zeros(self.nl)
        self.cv, self.dfl = nn.ModuleList(nn.Sequential(Conv(c, c, 3), nn.Conv2d(c, self.no, 1)) for c in ch), DFL(16)

    def forward(self, x):
        x = [layer(level) for layer, level in zip(self.cv, x)]
        if self.training:
            return x
        anchors, strides = (t.transpose(0, 1) for t in make_anchors(x, self.stride, 0.5))
        box, cls = torch.cat([level.flatten(2) for level in x], 2).split((64, self.nc), 1)
        box = dist2bbox(self.dfl(box), anchors.unsqueeze(0), xywh=True, dim=1) * strides
        return torch.cat((box, cls.sigmoid()), 1), x
