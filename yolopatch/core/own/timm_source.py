"""A file that makes a backbone of one of timm's models. timm is the user's own dependency: nothing here imports it."""

from __future__ import annotations

import re

from yolopatch.errors import UsageError

# `resnet50.a1_in1k`: a model and, after a point, its weights
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)?", re.ASCII)
_TEXT = '''"""The maps of {name} of timm, for a backbone."""

import timm
import torch.nn as nn


class {symbol}(nn.Module):
    """{name} of timm without its classifier: an image [N, 3, H, W] to a list of maps.

    `pretrained` loads timm's weights; the first time, timm fetches them.
    """

    def __init__(self, pretrained=False):
        super().__init__()
        self.features = timm.create_model("{name}", pretrained=pretrained, features_only=True)

    def forward(self, x):
        return self.features(x)
'''


def timm_class(name: str) -> str:
    """Return the name of the class for a model of timm: `Timm_resnet50`.

    Raises:
        UsageError: timm's models have no such names.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--timm {name} is not the name of a model of timm",
            details=["expected: small letters, digits and _, e.g. mobilenetv4_conv_small"],
            hint="see the names with: python -c \"import timm; print(timm.list_models('*mobilenet*'))\"",
        )
    return f"Timm_{name.replace('.', '_')}"


def timm_source(name: str) -> str:
    """Return the text of the file; raises as `timm_class`."""
    return _TEXT.format(name=name, symbol=timm_class(name))
