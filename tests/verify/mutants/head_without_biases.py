from ultralytics.nn.modules.head import Detect


class HeadWithoutBiases(Detect):
    """Does not let upstream set the biases of its last convolutions."""

    def bias_init(self):
        for level in self.cv3:
            level[-1].bias.data.zero_()
