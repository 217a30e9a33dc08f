import torch.nn as nn
from ultralytics.nn.modules.head import Detect


class SharedHead(Detect):
    """A head whose maps share their convolutions, so that its untrained scores are all near zero."""

    def __init__(self, nc, *args):
        super().__init__(nc, *args)
        width = 64
        shared = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(16, width), nn.SiLU())
        box, cls = nn.Conv2d(width, 4 * self.reg_max, 1), nn.Conv2d(width, nc, 1)
        stems = [nn.Sequential(nn.Conv2d(c, width, 1), nn.GroupNorm(16, width), nn.SiLU()) for c in args[-1]]
        self.cv2 = nn.ModuleList(nn.Sequential(stem, shared, box) for stem in stems)
        self.cv3 = nn.ModuleList(nn.Sequential(stem, shared, cls) for stem in stems)
