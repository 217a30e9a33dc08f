"""Where the files lie that a module without a tutorial adds to a pin."""

from __future__ import annotations

from pathlib import PurePosixPath

from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.loss_files import loss_folder


def own_file(pin: Pin, module: Module) -> str:
    """Return the path of the module's own file in the pin."""
    if module.kind == LOSS:
        return f"{loss_folder(pin)}/{loss_stem(module)}.py"
    return f"{PurePosixPath(pin.layout.common).parent}/{module.source}.py"


def own_layers_file(pin: Pin, module: Module) -> str:
    """Return the path of the classes that use the module."""
    return own_file(pin, module).removesuffix(".py") + "_layers.py"


def loss_stem(module: Module) -> str:
    """Return the name of a loss's own file: several losses of one source have a file each."""
    return module.source if module.home else module.name.casefold()
