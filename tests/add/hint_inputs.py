"""Files that people paste and options that they type, for which `add` has something to suggest: one for each hint."""

from __future__ import annotations

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def module(
    arguments: str,
    body: str,
    forward: str,
    name: str = "Pasted",
    base: str = "nn.Module",
    imports: str = "",
    taken: str = "x",
) -> str:
    """Write a file with one class; `taken` are the arguments of its forward."""
    inside = "".join(f"        {line}\n" for line in body.split("; "))
    steps = "".join(f"        {line}\n" for line in forward.split("; "))
    return (
        f"{HEAD}{imports}\n\nclass {name}({base}):\n    def __init__(self, {arguments}):\n        super().__init__()\n"
        f"{inside}\n    def forward(self, {taken}):\n{steps}"
    )


CONV = "self.conv = nn.Conv2d(c1, c2, k, s, k // 2)"
MID = "self.a = nn.Conv2d(in_chs, mid_chs, 1); self.b = nn.Conv2d(mid_chs, out_chs, 3, {s}, 1)"
PLAIN = module("c1, c2, k=3, s=1", CONV, "return self.conv(x)")
GATE = module("c", "self.fc = nn.Conv2d(c, c, 1)", "return x * torch.sigmoid(self.fc(x))")
FAILS = module("c", "self.fc = nn.Conv2d(7, c, 1)", "return x * torch.sigmoid(self.fc(x))")
PARTS = GATE.replace("Pasted", "Inner")
NETWORK = "self.stem = nn.Conv2d(in_chans, 32, 3, 2, 1); self.fc = nn.Linear(32, num_classes)"
STAGES = "self.stages = nn.ModuleList([nn.Conv2d(in_chans, d, 3, 2, 1) for d in depths])"
HALVINGS = "self.stages = nn.ModuleList(nn.Conv2d(in_chans, d, 3, 2 << i, 1) for i, d in enumerate(depths))"
STAGE_MAPS = "return [stage(x) for stage in self.stages]"
BRANCHES = "self.m = nn.ModuleList(nn.Conv2d(c, nc + 64, 1) for c in ch)"
BRANCH_MAPS = "return [m(y) for m, y in zip(self.m, x)]"
IOU = (
    "\n\ndef {0}(a, b):\n    inter = (torch.min(a[2], b[2]) - torch.max(a[0], b[0])).clamp(0)\n"
    "    return inter / ((a[2] - a[0]) + (b[2] - b[0]) - inter)\n"
)
IOUS = f"{HEAD}{IOU.format('iou')}{IOU.format('other_iou')}"
LINES = {
    "a middle width": (
        module("in_chs, mid_chs, out_chs, stride=1", MID.format(s="stride"), "return self.b(self.a(x))"),
        {},
    ),
    "a middle width and no stride": (
        module("in_chs, mid_chs, out_chs", MID.format(s="1"), "return self.b(self.a(x))"),
        {},
    ),
    "a middle width by name": (
        module("in_chs, *, mid_chs, out_chs", MID.format(s="1"), "return self.b(self.a(x))"),
        {},
    ),
    "names that say nothing": (module("foo, bar", "self.c = nn.Conv2d(foo, bar, 1)", "return self.c(x)"), {}),
    "a name that says nothing, kept": (
        module("foo", "self.c = nn.Conv2d(foo, foo, 1)", "return x * self.c(x).sigmoid()"),
        {},
    ),
    "heads of an attention": (
        module("dim, heads", "self.c = nn.Conv2d(dim, dim, 1, groups=heads)", "return x + self.c(x)"),
        {},
    ),
    "a default that fails": (
        module(
            "c, parts=None", "self.n = [p // 2 for p in parts]; self.c = nn.Conv2d(c, c, 1)", "return x + self.c(x)"
        ),
        {},
    ),
    "a keyword that nobody gives": (
        module("c, **kw", "self.n = kw['parts']; self.c = nn.Conv2d(c, c, 1)", "return x + self.c(x)"),
        {},
    ),
    "a layer that is asked for": (
        module("c, norm_layer", "self.c = nn.Conv2d(c, c, 1); self.n = norm_layer(c)", "return x + self.n(self.c(x))"),
        {},
    ),
    "a layer that is asked for before a kernel": (
        module(
            "c1, c2, act, k=3, s=1",
            "self.c = nn.Conv2d(c1, c2, k, s, k // 2); self.act = act",
            "return self.act(self.c(x))",
        ),
        {},
    ),
    "a mixer that is asked for": (
        f"{module('dim, token_mixer=None', 'self.t = token_mixer(dim)', 'return x + self.t(x)')}\n\n"
        + GATE.replace("Pasted", "Gate").removeprefix(HEAD),
        {"symbol": "Pasted"},
    ),
    "a layer that is nowhere": (
        module("dim, act=nn.GELU", "self.c = nn.Conv2d(dim, dim, 1); self.act = act()", "return x + self.act(x)"),
        {"args": "c1, act=timm.Gelu"},
    ),
    "a window that does not fit": (
        module(
            "dim, window_size=7",
            "self.k = window_size; self.c = nn.Conv2d(dim, dim, 1)",
            "b, c, h, w = x.shape; y = x.view(b, c, h // self.k, self.k, w // self.k, self.k);"
            " return self.c(y.view(b, c, h, w))",
        ),
        {},
    ),
    "the sizes of a map, by default": (
        module(
            "dim, width=14, height=14",
            "self.w = nn.Parameter(torch.zeros(1, dim, height, width)); self.c = nn.Conv2d(dim, dim, 1)",
            "return x + self.c(x) * self.w",
        ),
        {},
    ),
    "a kernel and a stride of patches": (
        module("dim, size2, step2", "self.c = nn.Conv2d(dim, 2 * dim, size2, step2)", "return self.c(x)"),
        {},
    ),
    "the size of a map": (
        module(
            "dim, resolution",
            "self.h, self.w = resolution; self.c = nn.Conv2d(dim, dim, 1)",
            "assert x.shape[2:] == (self.h, self.w); return x + self.c(x)",
        ),
        {},
    ),
    "tokens of three kinds": (
        module("dim", "self.f = nn.Linear(dim, dim)", "return self.f(q) @ k.transpose(1, 2) @ v", taken="q, k, v"),
        {},
    ),
    "a function that makes a layer": (
        f"{HEAD}\n\ndef conv_bn(c1, c2):\n    return nn.Sequential(nn.Conv2d(c1, c2, 1), nn.BatchNorm2d(c2))\n",
        {"symbol": "conv_bn"},
    ),
    "arguments of another kind": (GATE, {"args": "k"}),
    "arguments of another kind, named": (GATE, {"args": "c1", "like": "attention"}),
    "values of another kind": (PLAIN, {"args": "c1, c2, n"}),
    "values of a block for a gate": (GATE, {"args": "n", "like": "attention"}),
    "no arguments": (PLAIN, {"args": "c1, c2 c3"}),
    "two calls": (PLAIN, {"args": "c1)(c2"}),
    "code": (PLAIN, {"args": "c1, __import__('os')"}),
    "dots": (PLAIN, {"args": "c1, c2, ..."}),
    "an unknown argument": (PLAIN, {"args": "c1, c2, heads=3"}),
    "too many arguments": (GATE, {"args": "c1, c2, k, s"}),
    "an argument twice": (GATE, {"args": "c1, c=c1"}),
    "an unknown kind": (PLAIN, {"like": "Sppff"}),
    "an unknown class": (PLAIN, {"symbol": "Past"}),
    "a class that is none": (f"{PLAIN}\n\nclass Plain:\n    pass\n", {"symbol": "Plain"}),
    "two classes": (f"{PLAIN.replace('Pasted', 'One')}\n\n{GATE.replace('Pasted', 'Gate').removeprefix(HEAD)}", {}),
    "two classes that fail": (
        f"{FAILS}\n\n{FAILS.replace('Pasted', 'Other').removeprefix(HEAD)}",
        {"symbol": "Pasted"},
    ),
    "a class that fails, one that is not clear, and one that works": (
        f"{FAILS}\n\n{GATE.replace('Pasted', 'Gate').removeprefix(HEAD)}\n\n"
        + module("foo, bar", "self.c = nn.Conv2d(foo, bar, 1)", "return self.c(x)", "Open").removeprefix(HEAD),
        {"symbol": "Pasted"},
    ),
    "no class": (f"{HEAD}x = 3\n", {}),
    "no constructor": (f"{HEAD}\n\nclass Pasted(nn.Module):\n    def forward(self, x):\n        return x\n", {}),
    "a name that is none": (PLAIN, {"name": "my-conv"}),
    "a name of Windows": (PLAIN, {"name": "aux"}),
    "a name of upstream's": (PLAIN.replace("Pasted", "C3k2"), {}),
    "a name of a module": (PLAIN.replace("Pasted", "RefConv"), {}),
    "a name of one pin's": (PLAIN.replace("Pasted", "CBAM"), {}),
    "another file": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .parts import Inner\n"),
        {},
    ),
    "another file, by a dotted name": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from model.attention.parts import Inner\n"),
        {},
    ),
    "another file that is not there": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .gone import Inner\n"),
        {},
    ),
    "another file as a whole": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .parts import *\n"),
        {},
    ),
    "two other files as a whole, one of them of upstream's name": (
        module(
            "c",
            "self.i = Inner(c); self.o = Other(c)",
            "return self.o(x) * self.i(x)",
            imports="from .parts import *\nfrom .block import *\n",
        ),
        {},
    ),
    "a base in another file": (
        module(
            "c",
            "self.i = nn.Conv2d(c, c, 1)",
            "return x * self.i(x)",
            base="Inner",
            imports="from .parts import Inner\n",
        ),
        {},
    ),
    "a name that is nowhere": (module("c", "self.i = Gone(c)", "return x * self.i(x)"), {}),
    "another file without the name": (
        module("c", "self.i = Out(c)", "return x * self.i(x)", imports="from .parts import Out\n"),
        {"siblings": ("parts.py",)},
    ),
    "a name with two meanings": (
        module(
            "c",
            "self.i = Inner(c)",
            "return x * self.i(x)",
            imports="from .parts import Inner\n\ndef gate(x):\n    return x\n",
        ),
        {"siblings": ("twice.py",)},
    ),
    "a package that looks like a file": (
        module("c", "self.i = DCNv4.X(c)", "return x * self.i(x)", imports="import DCNv4\n"),
        {},
    ),
    "a call that no pin takes": (
        module(
            "c1, c2, k=3, s=1",
            "self.c = Conv(c1, c2, k, s, heads=4)",
            "return self.c(x)",
            imports="from .conv import Conv\n",
        ),
        {},
    ),
    "an up-sampler": (module("c", "self.c = nn.Conv2d(c, 4 * c, 1)", "return F.pixel_shuffle(self.c(x), 2)"), {}),
    "several maps": (
        module("c1, c2", "self.c = nn.Conv2d(c1, c2, 1)", "return self.c(torch.cat([x[0], x[1]], 1))"),
        {},
    ),
    "several maps, of a class that nobody follows": (
        module("c1, c2, foo", "self.c = foo(c1, c2)", "return self.c(torch.cat([x[0], x[1]], 1))"),
        {},
    ),
    "three maps": (
        module("inc, ouc", "self.c = nn.Conv2d(inc, ouc, 1)", "a, b, c = x; return self.c(torch.cat([a, b, c], 1))"),
        {},
    ),
    "no tensor": (
        module("c1, c2", "self.w = nn.Conv2d(c1, c2, 1)", "return self.w.weight").replace("self, x", "self"),
        {},
    ),
    "several maps, and a number that nobody follows": (
        module(
            "foo, bar, baz, qux",
            "self.c = nn.Conv2d(int(np.load(foo)), bar, baz, qux)",
            "return self.c(torch.cat([x[0], x[1]], 1))",
        ),
        {},
    ),
    "several maps that do not go": (
        module("c", "self.w = nn.Parameter(torch.ones(c))", "return self.w(x[0]) + self.w(x[1])"),
        {"like": "Concat"},
    ),
    "several maps and classes": (
        module(
            "num_classes, c", "self.c = nn.Conv2d(c, num_classes, 1)", "return [self.c(one) for one in (x[0], x[1])]"
        ),
        {},
    ),
    "two tensors": (PLAIN.replace("forward(self, x)", "forward(self, x, y)"), {}),
    "two tensors for a convolution": (PLAIN.replace("forward(self, x)", "forward(self, x, y)"), {"like": "Conv"}),
    "nothing returned": (PLAIN.replace("return self", "x = self"), {}),
    "a tuple": (PLAIN.replace("return self.conv(x)", "return self.conv(x), x"), {}),
    "channels last": (
        module("c", "self.n = nn.LayerNorm(c)", "B, H, W, C = x.shape; return x + self.n(x)"),
        {},
    ),
    "a network": (
        module(
            "in_chans=3, num_classes=10, dim=32",
            "self.s = nn.Conv2d(in_chans, dim, 4, 4); self.h = nn.Linear(dim, num_classes)",
            "return self.h(self.s(x).mean((2, 3)))",
        ),
        {},
    ),
    "a norm whose place is not clear": (
        module(
            "c1, c2, k=3, s=1, act=None",
            f"{CONV}; self.bn = nn.BatchNorm2d(c2); self.act = act",
            "return self.act(self.bn(self.conv(x)))",
        ),
        {},
    ),
    "output channels of a convolution": (PLAIN, {"outputs": "c2"}),
    "output channels that are none": (
        module("c", "self.c = nn.Conv2d(c, 4 * c, 1)", "return F.pixel_shuffle(self.c(x), 2)"),
        {"outputs": "c1 +", "like": "Upsample"},
    ),
    "output channels of a join": (
        module("", "self.n = 1", "return torch.cat(x, 1)").replace("self, )", "self)"),
        {"outputs": "k * 2", "like": "Concat"},
    ),
    "an argument by name only": (
        module("c, *, heads=4", "self.c = nn.Conv2d(c, c, 1, groups=heads)", "return x + self.c(x)"),
        {"args": "c1, heads=8", "like": "attention"},
    ),
    "a default that is no literal": (
        module("c, norm=nn.BatchNorm2d, heads=4", "self.n = norm(c)", "return x + self.n(x)"),
        {"args": "c1, heads=8", "like": "attention"},
    ),
    "a block with a value that old blocks do not have": (
        module("c1, c2, n=1, c3k=False", "self.c = nn.Conv2d(c1, c2, 1)", "return self.c(x)"),
        {"args": "c1, c2, n, c3k", "like": "C3k2"},
    ),
    "a loss in the place of a layer": (
        module("", "pass", "return F.mse_loss(x, y)").replace("self, x", "self, x, y").replace("self, )", "self)"),
        {"like": "Conv"},
    ),
    "a module before a head": (
        module(
            "ch, hidden",
            "pairs = ((nn.Conv2d(c, hidden, 1), nn.Conv2d(hidden, c, 1)) for c in ch);"
            " self.m = nn.ModuleList(nn.Sequential(*pair) for pair in pairs)",
            "return [m(one) for m, one in zip(self.m, x)]",
        ),
        {},
    ),
    "a loss": (
        f"{HEAD}\n\ndef iou(a, b):\n    inter = (torch.min(a[2], b[2]) - torch.max(a[0], b[0])).clamp(0)\n"
        "    return inter / ((a[2] - a[0]) + (b[2] - b[0]) - inter)\n",
        {},
    ),
    "several losses": (IOUS, {}),
    "a criterion that calls one of several losses": (
        f"{IOUS}\n\nclass Pasted(nn.Module):\n    def forward(self, a, b, weight, mask):\n"
        "        return (1 - iou(a[mask], b[mask])) * weight\n",
        {"symbol": "Pasted", "like": "loss"},
    ),
    "several classes": (
        "\n\n".join(GATE.replace("Pasted", name).removeprefix("" if name == "A" else HEAD) for name in "ABCDEFG"),
        {},
    ),
    "broken Python": (PLAIN.replace("return self", "return return self"), {}),
    "a lost margin": (PLAIN.replace("        super", "super"), {}),
    "two meanings of a tab": (f"{PLAIN}\tgain = 3\n", {}),
    "a null byte": (f"{PLAIN}\0", {}),
    "another encoding": ((PLAIN + "# 门\n").encode("gb18030"), {}),
    "the same name again": (PLAIN, {"taken": True}),
    "no constructor, and a base class that is elsewhere": (
        f"{HEAD}\n\nclass Pasted(nn.GELU):\n    def forward(self, x):\n        return super().forward(x) * x\n",
        {},
    ),
    "several maps that cannot be followed": (
        module("c", "self.c = nn.Conv2d(c, c, 1)", "return torch.frombuffer(x, y)", taken="x, y"),
        {},
    ),
    "tokens": (module("dim", "self.fc = nn.Linear(dim, dim)", "b, n, c = x.shape; return x + self.fc(x)"), {}),
    "tokens and the size of their map": (
        module(
            "dim",
            "self.fc = nn.Linear(dim, dim)",
            "b, n, c = x.shape; y = self.fc(x).transpose(1, 2).reshape(b, c, H, W); "
            "return y.flatten(2).transpose(1, 2)",
            taken="x, H, W",
        ),
        {},
    ),
    "patches of an image": (
        module(
            "in_chans=3, embed_dim=96",
            "self.a = nn.Conv2d(in_chans, embed_dim, 4, 4)",
            "return self.a(x).flatten(2).transpose(1, 2)",
        ),
        {},
    ),
    "a network that cannot be followed": (
        module("in_chans=3, num_classes=1000", NETWORK, "return self.fc(torch.frombuffer(self.stem(x)))"),
        {},
    ),
    "a network with an argument": (module("depths, in_chans=3, num_classes=1000", STAGES, STAGE_MAPS), {}),
    "a backbone that a function makes": (
        f"{module('depths, in_chans=3', HALVINGS, STAGE_MAPS)}\n\ndef pasted_tiny():\n    return Pasted([8, 16, 32])\n",
        {},
    ),
    "a function that gives a layer": (
        f"{module('depths, act, in_chans=3', HALVINGS, STAGE_MAPS)}\n\n"
        "def pasted_tiny():\n    return Pasted([8, 16, 32], nn.GELU)\n",
        {"symbol": "pasted_tiny"},
    ),
    "a network that a function makes": (
        f"{module('depths, in_chans=3, num_classes=1000', STAGES, STAGE_MAPS)}\n\n"
        "def pasted_tiny():\n    return Pasted([8, 16])\n",
        {},
    ),
    "a backbone that fails": (
        module(
            "in_chans=3",
            "self.a = nn.Conv2d(in_chans, 16, 3, 2, 1); self.b = nn.Conv2d(8, 16, 3, 2, 1)",
            "x = self.a(x); return [x, self.b(x)]",
        ),
        {"like": "backbone"},
    ),
    "one map of a backbone": (
        module("in_chans=3", "self.a = nn.Conv2d(in_chans, 16, 3, 2, 1)", "return self.a(x)"),
        {"like": "backbone"},
    ),
    "a head that cannot be followed": (module("nc=80, ch=()", BRANCHES, "return torch.frombuffer(x)"), {}),
    "a head that reads a text": (module("nc=80, ch=()", BRANCHES, BRANCH_MAPS, taken="x, text"), {}),
    "a head with two lists": (
        module(
            "nc=80, ch=()",
            f"{BRANCHES}; self.s = nn.ModuleList(nn.Conv2d(c, nc, 1) for c in ch)",
            "return [b(one) for b, one in zip(self.s, x)], [b(one) for b, one in zip(self.s, x)]",
        ),
        {},
    ),
    "a head that fails": (module("nc=80, ch=()", BRANCHES.replace("(c,", "(7,"), BRANCH_MAPS), {}),
    "a name of two files that stands in a text, too": (
        module(
            "c",
            "self.i = Inner(c)",
            "return gate(x * self.i(x))",
            imports="from .named import Inner\n\n\ndef gate(x):\n    return x.sigmoid()\n",
        ),
        {"siblings": ("named.py",)},
    ),
}
SIBLINGS = {
    "parts.py": PARTS,
    "block.py": GATE.replace("Pasted", "Other"),
    "twice.py": f"{PARTS}\n\ndef gate(x):\n    return 2 * x\n",
    "named.py": PARTS.replace("return x", "return gate(x)")
    + "\n\ndef gate(x):\n    return 2 * x\n\n\nNAMES = ('gate',)\n",
}
