# 将下面代码复制到 models/common.py 的最后
from models.common import *

class WideBottleneck(nn.Module):
	# 注意:这里用的是 tab 缩进
	def __init__(self, c1, c2, shortcut=True, g=1, e=0.5):
		super().__init__()
		c_ = int(c2 * e)
		self.cv1 = Conv(c1, c_, 1, 1)
		self.cv2 = nn.Sequential(
			nn.Conv2d(c_, c_, (1, 5), padding=(0, 2), groups=c_, bias=False),
			nn.Conv2d(c_, c_, (5, 1), padding=(2, 0), groups=c_, bias=False),
			Conv(c_, c2, 1, 1))
		self.add = shortcut and c1 == c2

	def forward(self, x):
		return x + self.cv2(self.cv1(x)) if self.add else self.cv2(self.cv1(x))


class C3Wide(nn.Module):
	def __init__(self, c1, c2, n=1, shortcut=True, g=1, e=0.5):
		super().__init__()
		c_ = int(c2 * e)
		self.cv1 = Conv(c1, c_, 1, 1)
		self.cv2 = Conv(c1, c_, 1, 1)
		self.cv3 = Conv(2 * c_, c2, 1)
		self.m = nn.Sequential(*(WideBottleneck(c_, c_, shortcut, g, e=1.0) for _ in range(n)))

	def forward(self, x):
		return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), dim=1))
