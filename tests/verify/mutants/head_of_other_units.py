from ultralytics.nn.modules.head import Detect


class HeadOfOtherUnits(Detect):
    """Predicts boxes in a unit that is not quite the pixel of the loss."""

    def forward(self, x):
        found = super().forward(x)
        if self.training:
            return found
        y, maps = found
        y = y.clone()
        boxes = y[..., :4] if y.shape[-1] == 6 else y[:, :4]
        boxes *= 0.8
        return y, maps
