from ultralytics.nn.modules.conv import Conv, RepConv


class MoreBranches(RepConv):
    """Adds a branch to upstream's RepConv, whose fold knows two."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__(c1, c2, 3, s)
        self.conv3 = Conv(c1, c2, 3, s, act=False)

    def forward(self, x):
        return self.act(self.conv1(x) + self.conv2(x) + self.conv3(x))
