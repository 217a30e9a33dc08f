"""CoordAtt, coordinate attention.

Hou, Zhou, Feng: "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021, arXiv 2103.02907.
"""

import torch
import torch.nn as nn


class CoordAtt(nn.Module):
    """Attention by a descriptor of each row and of each column (CoordAtt, CVPR 2021, arXiv 2103.02907).

    z_h is the mean of each row, z_w of each column (equations 4 and 5). F_1, a 1x1 convolution to c1 / r channels with
    BatchNorm, sees both behind each other: f = h-swish(F_1 [z_h, z_w]) (equation 6), and is cut again into f_h and f_w.
    Then y_ij = x_ij sigmoid(F_h f_h)_i sigmoid(F_w f_w)_j (equations 7 to 9).

    Shapes: input and output [N, c1, H, W]; with m = max(8, c1 / r), `reduce.weight` [m, c1, 1, 1], the state of `bn`
    [m], `rows.weight` and `columns.weight` [c1, m, 1, 1], and their biases.

    Args: r: the reduction, the paper's 32.
    """

    def __init__(self, c1, r=32):
        super().__init__()
        width = max(8, c1 // r)
        self.reduce = nn.Conv2d(c1, width, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.act = nn.Hardswish()
        self.rows = nn.Conv2d(width, c1, 1)
        self.columns = nn.Conv2d(width, c1, 1)

    def forward(self, x):
        height = x.shape[2]
        pooled = torch.cat((x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)), 2)
        pooled = self.act(self.bn(self.reduce(pooled)))
        of_rows = torch.sigmoid(self.rows(pooled[:, :, :height]))
        of_columns = torch.sigmoid(self.columns(pooled[:, :, height:].transpose(2, 3)))
        return x * of_rows * of_columns

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norm goes into the convolution before it. Again, nothing changes."""
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.reduce, self.bn = nn.utils.fuse_conv_bn_eval(self.reduce.eval(), self.bn.eval()), nn.Identity()
            self.requires_grad_(False).train(training)
