"""A Conv whose kernel is standardised in forward: upstream's fuse folds BatchNorm into the raw one."""

import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class UnsaidFuse(Conv):
    def forward(self, x):
        return self.act(self.bn(self._convolve(x)))

    def forward_fuse(self, x):
        return self.act(self._convolve(x) + self.conv.bias.view(1, -1, 1, 1))

    def _convolve(self, x):
        weight = self.conv.weight
        weight = (weight - weight.mean((1, 2, 3), keepdim=True)) / weight.std((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight, stride=self.conv.stride, padding=self.conv.padding)
