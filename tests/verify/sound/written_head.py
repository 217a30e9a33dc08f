import torch
from ultralytics.nn.modules.head import Detect
from ultralytics.utils.tal import make_anchors


class WrittenHead(Detect):
    """Upstream's head with its own way from maps to boxes, written out."""

    def forward(self, x):
        maps = [torch.cat((boxes(m), classes(m)), 1) for boxes, classes, m in zip(self.cv2, self.cv3, x)]
        if self.training:
            return maps
        anchors, strides = (a.transpose(0, 1) for a in make_anchors(maps, self.stride, 0.5))
        values = torch.cat([m.flatten(2) for m in maps], 2)
        sides, scores = values.split((4 * self.reg_max, self.nc), 1)
        sides = self.dfl(sides)
        low, high = anchors - sides[:, :2], anchors + sides[:, 2:]
        y = torch.cat(((low + high) / 2 * strides, (high - low) * strides, scores.sigmoid()), 1)
        return y if self.export else (y, maps)
