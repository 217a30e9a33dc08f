import torch
import torch.nn as nn
import torch.nn.functional as F

class ScConv(nn.Module):
    def __init__(self, inplanes, planes, kernel_size=3, stride=1, padding=1, dilation=1, groups=1, pooling_r=4, norm_layer=nn.BatchNorm2d):
        super(ScConv, self).__init__()
        self.k2 = nn.Sequential(
                    nn.AvgPool2d(kernel_size=pooling_r, stride=pooling_r, ceil_mode=True),
                    nn.Conv2d(inplanes, inplanes, kernel_size=3, stride=1, padding=1, bias=False),
                    norm_layer(inplanes),
                    )
        self.k3 = nn.Sequential(
                    nn.Conv2d(inplanes, inplanes, kernel_size=3, stride=1, padding=1, bias=False),
                    norm_layer(inplanes),
                    )
        self.k4 = nn.Sequential(
                    nn.Conv2d(inplanes, planes, kernel_size=kernel_size, stride=stride,
                                padding=padding, dilation=dilation, groups=groups, bias=False),
                    nn.BatchNorm2d(planes),
                    )

    def forward(self, x):
        identity = x
        out = torch.sigmoid(torch.add(identity, F.interpolate(self.k2(x), identity.size()[2:]))) # sigmoid(identity + k2)
        out = torch.mul(self.k3(x), out) # k3 * sigmoid(identity + k2)
        out = self.k4(out) # k4
        return out
