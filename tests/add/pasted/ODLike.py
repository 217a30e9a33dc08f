import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.autograd


class Attention(nn.Module):
    def __init__(self, in_planes, out_planes, kernel_size, groups=1, reduction=0.0625, kernel_num=4, min_channel=16):
        super(Attention, self).__init__()
        attention_channel = max(int(in_planes * reduction), min_channel)
        self.temperature = 1.0
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Conv2d(in_planes, attention_channel, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.kernel_fc = nn.Conv2d(attention_channel, kernel_num, 1, bias=True)
        self.filter_fc = nn.Conv2d(attention_channel, out_planes, 1, bias=True)

    def forward(self, x):
        x = self.relu(self.fc(self.avgpool(x)))
        filters = torch.sigmoid(self.filter_fc(x) / self.temperature)
        kernels = F.softmax(self.kernel_fc(x).view(x.size(0), -1, 1, 1, 1, 1) / self.temperature, dim=1)
        return filters, kernels


class ODLike(nn.Module):
    def __init__(self, in_planes, out_planes, kernel_size, stride=1, padding=0, dilation=1, groups=1,
                 reduction=0.0625, kernel_num=4):
        super(ODLike, self).__init__()
        self.in_planes = in_planes
        self.out_planes = out_planes
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.kernel_num = kernel_num
        self.attention = Attention(in_planes, out_planes, kernel_size, groups, reduction, kernel_num)
        self.weight = nn.Parameter(torch.randn(kernel_num, out_planes, in_planes // groups, kernel_size, kernel_size),
                                   requires_grad=True)
        self._initialize_weights()

    def _initialize_weights(self):
        for i in range(self.kernel_num):
            nn.init.kaiming_normal_(self.weight[i], mode='fan_out', nonlinearity='relu')

    def forward(self, x):
        # 多维动态卷积
        filter_attention, kernel_attention = self.attention(x)
        batch_size, in_planes, height, width = x.size()
        x = x.reshape(1, -1, height, width)
        aggregate_weight = torch.sum(kernel_attention * self.weight.unsqueeze(dim=0), dim=1).view(
            [-1, self.in_planes // self.groups, self.kernel_size, self.kernel_size])
        output = F.conv2d(x, weight=aggregate_weight, bias=None, stride=self.stride, padding=self.padding,
                          dilation=self.dilation, groups=self.groups * batch_size)
        output = output.view(batch_size, self.out_planes, output.size(-2), output.size(-1))
        return output * filter_attention


def test():
    x = torch.randn(4, 16, 32, 32)
    m = ODLike(16, 64, 3, padding=1)
    print(m(x).shape)


test()
