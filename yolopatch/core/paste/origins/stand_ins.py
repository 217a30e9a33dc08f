"""Code that stands for the small parts of timm and of the mm packages that pasted files use; no upstream needs these.

Written from what the packages' documentation says these names do. What a package would do for its own training loop
(configs that start weights, registries) does nothing here, because nobody calls it in an upstream.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from yolopatch.core.paste.origins.known import modules_in, root_of
from yolopatch.core.syntax import used_names


class StandIn(NamedTuple):
    """Code for a name, and the other stand-ins that it uses."""

    code: str
    uses: tuple[str, ...] = ()


_NN = "import torch.nn as nn\n\n\n"

_DROP_PATH = StandIn(
    _NN
    + '''class DropPath(nn.Module):
    """Leave a residual branch out of some samples while training (Huang et al.: Stochastic Depth, ECCV 2016)."""

    def __init__(self, drop_prob=0.0, scale_by_keep=True):
        """Keep how often a branch is left out, and whether the others make up for it."""
        super().__init__()
        self.drop_prob = drop_prob
        self.scale_by_keep = scale_by_keep

    def forward(self, x):
        """Return x with some of its samples zero: [N, ...] to the same."""
        if not self.drop_prob or not self.training:
            return x
        keep = 1 - self.drop_prob
        kept = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * (kept / keep if self.scale_by_keep and keep > 0 else kept)'''
)

TIMM: Mapping[str, StandIn] = {
    "trunc_normal_": StandIn("from torch.nn.init import trunc_normal_"),
    "DropPath": _DROP_PATH,
    "to_2tuple": StandIn("def to_2tuple(x):\n    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)"),
    "make_divisible": StandIn(
        '''def make_divisible(v, divisor=8, min_value=None, round_limit=0.9):
    """Return v as the nearest multiple of divisor that is not much smaller (Howard et al.: MobileNets, 2017)."""
    rounded = max(min_value or divisor, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < round_limit * v else rounded'''
    ),
    "LayerNorm2d": StandIn(
        "import torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
        '''class LayerNorm2d(nn.LayerNorm):
    """Normalise the channels of each position: [N, C, H, W] to the same."""

    def __init__(self, num_channels, eps=1e-6, affine=True):
        """Keep a weight and a bias for each channel."""
        super().__init__(num_channels, eps=eps, elementwise_affine=affine)

    def forward(self, x):
        """Return x with mean 0 and variance 1 over its channels, scaled and shifted."""
        last = x.permute(0, 2, 3, 1)
        return F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)'''
    ),
    "Mlp": StandIn(
        _NN
        + '''class Mlp(nn.Module):
    """Two linear layers with an activation between them, on the last dimension."""

    def __init__(self, in_features, hidden_features=None, out_features=None, act_layer=nn.GELU, bias=True, drop=0.0):
        """Make the layers; a size that is not given is that of the input."""
        super().__init__()
        hidden_features = hidden_features or in_features
        self.fc1 = nn.Linear(in_features, hidden_features, bias=bias)
        self.act = act_layer()
        self.drop1 = nn.Dropout(drop)
        self.fc2 = nn.Linear(hidden_features, out_features or in_features, bias=bias)
        self.drop2 = nn.Dropout(drop)

    def forward(self, x):
        """Return [..., out_features] of [..., in_features]."""
        return self.drop2(self.fc2(self.drop1(self.act(self.fc1(x)))))'''
    ),
    "register_model": StandIn("def register_model(model):\n    return model"),
}

_BUILD_NORM = StandIn(
    _NN
    + '''def build_norm_layer(cfg, num_features, postfix=""):
    """Return the name and the norm of a config such as {"type": "BN", "eps": 1e-5}.

    SyncBN is BatchNorm2d, which upstream's own layers have, too: it runs on one device.
    """
    kinds = {
        "BN": ("bn", nn.BatchNorm2d), "BN1d": ("bn", nn.BatchNorm1d), "BN2d": ("bn", nn.BatchNorm2d),
        "BN3d": ("bn", nn.BatchNorm3d), "SyncBN": ("bn", nn.BatchNorm2d), "GN": ("gn", nn.GroupNorm),
        "LN": ("ln", nn.LayerNorm), "IN": ("in", nn.InstanceNorm2d), "IN2d": ("in", nn.InstanceNorm2d),
    }
    given = dict(cfg)
    name, kind = kinds[given.pop("type")]
    learns = given.pop("requires_grad", True)
    given.setdefault("eps", 1e-5)
    norm = kind(num_channels=num_features, **given) if kind is nn.GroupNorm else kind(num_features, **given)
    for parameter in norm.parameters():
        parameter.requires_grad = learns
    return f"{name}{postfix}", norm'''
)
_BUILD_ACTIVATION = StandIn(
    _NN
    + '''def build_activation_layer(cfg):
    """Return the activation of a config such as {"type": "LeakyReLU", "negative_slope": 0.1}."""
    given = dict(cfg)
    kind = given.pop("type")
    names = {"Swish": "SiLU", "HSwish": "Hardswish", "HSigmoid": "Hardsigmoid"}
    if kind == "Swish":
        given.pop("inplace", None)
    return getattr(nn, names.get(kind, kind))(**given)'''
)
_BUILD_CONV = StandIn(
    _NN
    + '''def build_conv_layer(cfg, *args, **kwargs):
    """Return the convolution of a config such as {"type": "Conv2d"}; None means Conv2d."""
    given = dict(cfg or {"type": "Conv2d"})
    kind = given.pop("type")
    return getattr(nn, "Conv2d" if kind == "Conv" else kind)(*args, **kwargs, **given)'''
)
_BASE_MODULE = StandIn(
    _NN
    + '''class BaseModule(nn.Module):
    """A module that keeps how its weights should start; nothing in an upstream calls init_weights."""

    def __init__(self, init_cfg=None):
        """Keep the config."""
        super().__init__()
        self.init_cfg = init_cfg

    def init_weights(self):
        """Start the weights of the modules in it that say how."""
        for child in self.children():
            if hasattr(child, "init_weights"):
                child.init_weights()'''
)
_CONV_MODULE = StandIn(
    _NN
    + '''class ConvModule(nn.Module):
    """A convolution, a norm and an activation, in the order that is given; each of the last two can be left out."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias="auto",
        conv_cfg=None, norm_cfg=None, act_cfg={"type": "ReLU"}, inplace=True, padding_mode="zeros",
        order=("conv", "norm", "act"),
    ):
        """Make the layers; with bias="auto", a convolution with a norm after it has no bias."""
        super().__init__()
        self.order = order
        self.with_norm, self.with_activation = norm_cfg is not None, act_cfg is not None
        self.with_bias = not self.with_norm if bias == "auto" else bias
        self.conv = build_conv_layer(
            conv_cfg, in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation,
            groups=groups, bias=self.with_bias, padding_mode=padding_mode,
        )
        self.norm_name = None
        if self.with_norm:
            channels = out_channels if order.index("norm") > order.index("conv") else in_channels
            self.norm_name, norm = build_norm_layer(norm_cfg, channels)
            self.add_module(self.norm_name, norm)
        if self.with_activation:
            given = dict(act_cfg)
            if given["type"] not in ("Tanh", "PReLU", "Sigmoid", "HSigmoid", "Swish", "GELU"):
                given.setdefault("inplace", inplace)
            self.activate = build_activation_layer(given)
        slope = act_cfg.get("negative_slope", 0.01) if act_cfg and act_cfg["type"] == "LeakyReLU" else 0
        nn.init.kaiming_normal_(self.conv.weight, slope, "fan_out", "leaky_relu" if slope else "relu")
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    @property
    def norm(self):
        """The norm; None without one."""
        return getattr(self, self.norm_name) if self.norm_name else None

    def forward(self, x, activate=True, norm=True):
        """Return [N, out_channels, H', W'] of [N, in_channels, H, W]."""
        for layer in self.order:
            if layer == "conv":
                x = self.conv(x)
            elif layer == "norm" and norm and self.with_norm:
                x = self.norm(x)
            elif layer == "act" and activate and self.with_activation:
                x = self.activate(x)
        return x''',
    uses=("build_conv_layer", "build_norm_layer", "build_activation_layer"),
)
_SEPARABLE = StandIn(
    _NN
    + '''class DepthwiseSeparableConvModule(nn.Module):
    """A convolution of each channel, then a 1x1 convolution of all, each with its norm and activation."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, norm_cfg=None,
        act_cfg={"type": "ReLU"}, dw_norm_cfg="default", dw_act_cfg="default", pw_norm_cfg="default",
        pw_act_cfg="default", **kwargs,
    ):
        """Make both; "default" stands for the config that both share."""
        super().__init__()
        norms = [norm_cfg if cfg == "default" else cfg for cfg in (dw_norm_cfg, pw_norm_cfg)]
        acts = [act_cfg if cfg == "default" else cfg for cfg in (dw_act_cfg, pw_act_cfg)]
        self.depthwise_conv = ConvModule(
            in_channels, in_channels, kernel_size, stride, padding, dilation, in_channels, norm_cfg=norms[0],
            act_cfg=acts[0], **kwargs,
        )
        self.pointwise_conv = ConvModule(in_channels, out_channels, 1, norm_cfg=norms[1], act_cfg=acts[1], **kwargs)

    def forward(self, x):
        """Return [N, out_channels, H', W'] of [N, in_channels, H, W]."""
        return self.pointwise_conv(self.depthwise_conv(x))''',
    uses=("ConvModule",),
)


def _starts(name: str, arguments: str, line: str) -> StandIn:
    """Return a function that starts the weight of a module, and its bias with a number."""
    return StandIn(
        f'{_NN}def {name}(module, {arguments}):\n    if getattr(module, "weight", None) is not None:\n        {line}\n'
        '    if getattr(module, "bias", None) is not None:\n        nn.init.constant_(module.bias, bias)'
    )


MM: Mapping[str, StandIn] = {
    "build_norm_layer": _BUILD_NORM,
    "build_activation_layer": _BUILD_ACTIVATION,
    "build_conv_layer": _BUILD_CONV,
    "BaseModule": _BASE_MODULE,
    "ConvModule": _CONV_MODULE,
    "DepthwiseSeparableConvModule": _SEPARABLE,
    "DropPath": _DROP_PATH,
    "Sequential": StandIn(
        "class Sequential(BaseModule, nn.Sequential):\n"
        '    """A chain of modules that keeps how its weights should start."""\n\n'
        "    def __init__(self, *args, init_cfg=None):\n"
        '        """Keep the modules and the config."""\n'
        "        BaseModule.__init__(self, init_cfg)\n        nn.Sequential.__init__(self, *args)\n"
        "        self.init_cfg = init_cfg",
        uses=("BaseModule",),
    ),
    "ModuleList": StandIn(
        "class ModuleList(BaseModule, nn.ModuleList):\n"
        '    """A list of modules that keeps how its weights should start."""\n\n'
        "    def __init__(self, modules=None, init_cfg=None):\n"
        '        """Keep the modules and the config."""\n'
        "        BaseModule.__init__(self, init_cfg)\n        nn.ModuleList.__init__(self, modules)\n"
        "        self.init_cfg = init_cfg",
        uses=("BaseModule",),
    ),
    "constant_init": _starts("constant_init", "val, bias=0", "nn.init.constant_(module.weight, val)"),
    "normal_init": _starts("normal_init", "mean=0, std=1, bias=0", "nn.init.normal_(module.weight, mean, std)"),
    "trunc_normal_init": _starts(
        "trunc_normal_init",
        "mean=0, std=1, a=-2, b=2, bias=0",
        "nn.init.trunc_normal_(module.weight, mean, std, a, b)",
    ),
    "xavier_init": _starts(
        "xavier_init",
        'gain=1, bias=0, distribution="normal"',
        '{"uniform": nn.init.xavier_uniform_, "normal": nn.init.xavier_normal_}[distribution](module.weight, gain)',
    ),
    "kaiming_init": _starts(
        "kaiming_init",
        'a=0, mode="fan_out", nonlinearity="relu", bias=0, distribution="normal"',
        '{"uniform": nn.init.kaiming_uniform_, "normal": nn.init.kaiming_normal_}[distribution](\n'
        "            module.weight, a=a, mode=mode, nonlinearity=nonlinearity\n        )",
    ),
}
_PLACES = ("timm.layers", "timm.models.layers", "timm.models.registry", "timm.models")


def _table(module: str) -> Mapping[str, StandIn]:
    if root_of(module) == "timm":
        return TIMM if module.startswith(_PLACES) else {}
    return MM if root_of(module).startswith("mm") else {}


def stands_for(node: ast.Import | ast.ImportFrom, tree: ast.AST) -> tuple[ast.alias, ...]:
    """Return the names of an import that have a stand-in.

    Args:
        node: the import.
        tree: the file, which shows what it does with a registry.
    """
    if not isinstance(node, ast.ImportFrom) or node.level:
        return ()
    table = _table(modules_in(node)[0])
    return tuple(alias for alias in node.names if alias.name in table or (table is MM and _only_registers(alias, tree)))


def stand_in_code(node: ast.Import | ast.ImportFrom, aliases: Iterable[ast.alias]) -> list[str]:
    """Return the code that stands for these names of an import, each with what it uses, once."""
    table = _table(modules_in(node)[0])
    found: dict[str, None] = {}
    for alias in aliases:
        _add(alias.name, table, found)
        if alias.asname and alias.asname != alias.name:
            found[f"{alias.asname} = {alias.name}"] = None
    return list(found)


def _add(name: str, table: Mapping[str, StandIn], found: dict[str, None]) -> None:
    if name not in table:
        found[_registry(name)] = None
        return
    for used in table[name].uses:
        _add(used, table, found)
    found[table[name].code] = None


def _registry(name: str) -> str:
    return (
        f"class {name}:\n"
        f'    """A list of modules by name, which nothing reads in an upstream."""\n\n'
        "    @staticmethod\n    def register_module(*args, **kwargs):\n"
        '        """Return a decorator that leaves a class as it is."""\n'
        "        return lambda module: module"
    )


def _only_registers(alias: ast.alias, tree: ast.AST) -> bool:
    """Tell whether a name is a registry whose decorator is all that the file uses: `@MODELS.register_module()`."""
    name = alias.asname or alias.name
    if not alias.name.isupper() or alias.asname:
        return False
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    used = [one for one in calls if isinstance(one, ast.Attribute) and ast.unparse(one) == f"{name}.register_module"]
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))
    return bool(used) and len(used) == uses and name in used_names(tree)
