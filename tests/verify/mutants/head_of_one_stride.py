import torch
from ultralytics.nn.modules.head import Detect


class HeadOfOneStride(Detect):
    """A subclass of upstream's head that keeps one stride for all of its maps."""

    def __setattr__(self, name, value):
        if name == "stride" and len(value):
            value = torch.full_like(value, 8.0)
        super().__setattr__(name, value)
