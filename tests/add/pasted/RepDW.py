import torch
import torch.nn as nn


class RepDW(nn.Module):
    # 重参数化:训练时三分支
    def __init__(self, a, b, f=3, t=1, deploy=False):
        super().__init__()
        self.deploy = deploy
        self.nonlinearity = nn.SiLU()
        if deploy:
            self.rbr_reparam = nn.Conv2d(a, b, f, t, f // 2)
        else:
            self.rbr_identity = nn.BatchNorm2d(a) if b == a and t == 1 else None
            self.rbr_dense = nn.Sequential(nn.Conv2d(a, b, f, t, f // 2, bias=False), nn.BatchNorm2d(b))
            self.rbr_1x1 = nn.Sequential(nn.Conv2d(a, b, 1, t, bias=False), nn.BatchNorm2d(b))

    def forward(self, inputs):
        if hasattr(self, 'rbr_reparam'):
            return self.nonlinearity(self.rbr_reparam(inputs))
        id_out = 0 if self.rbr_identity is None else self.rbr_identity(inputs)
        return self.nonlinearity(self.rbr_dense(inputs) + self.rbr_1x1(inputs) + id_out)
