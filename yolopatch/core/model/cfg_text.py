"""The text of a model's YAML: the layers of the base model, some replaced by modules, in upstream's format.

Templates use names of layers; here the names become numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile

from jinja2.sandbox import SandboxedEnvironment

from yolopatch import __version__
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import PREVIOUS, Layer
from yolopatch.catalog.model.models import ALL_SCALES
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.core.model.file_model import FileModel
from yolopatch.core.model.layer_rules import listed
from yolopatch.core.model.layout import Replacement, is_bare, lay_out_layers, layer_numbers
from yolopatch.core.model.placement import ALL_BLOCKS, default_placement

_SIGNATURE = re.compile(r"# Written by yolopatch \S+, sha256 of what follows: ([0-9a-f]{16})\n")

_GONE = "\0"  # in a line of a layer that a backbone takes the place of; no YAML has this character


@dataclass(frozen=True)
class Cfg:
    """The content of a YAML file.

    Attributes:
        model: the base model.
        scale: a letter, or `all` for the whole scales table.
        nc: the number of classes.
        replacements: the modules and their placements; empty for the base model itself.
    """

    model: BaseModel
    scale: str
    nc: int = 80
    replacements: tuple[Replacement, ...] = ()

    @property
    def letter(self) -> str | None:
        """The only scale of the file, or None for all scales."""
        return None if self.scale == ALL_SCALES else self.scale


def render_text(cfg: Cfg, env: SandboxedEnvironment) -> str:
    """Return the file's text: a signed header, then upstream's file with the layers replaced."""
    body = env.get_template(cfg.model.template).render(_context(cfg))
    body = "".join(line for line in body.splitlines(keepends=True) if _GONE not in line)
    return _signed("".join(f"# {line}\n" for line in _header(cfg)) + "\n" + body)


def file_name(cfg: Cfg) -> str:
    """Return the file's name: model, scale and task first, as upstream reads them, then the modules."""
    stands = (_name_part(cfg.model, one) for one in cfg.replacements)
    return "-".join([cfg.model.stem(cfg.letter or ""), *stands]) + ".yaml"


def _name_part(model: BaseModel, one: Replacement) -> str:
    placement, name = one.placement.name, one.module.name
    if placement == ALL_BLOCKS:
        return f"{model.block}-{name}"
    return name if placement == default_placement(model, one.module) else f"{name}-{placement}"


def is_untouched(text: str) -> bool:
    """Tell whether yolopatch wrote this text and it was not edited since."""
    found = _SIGNATURE.match(text)
    return found is not None and found[1] == _digest(text[found.end() :])


def without_comment_lines(text: str) -> str:
    """Return what a text says of the model: the lines of comments tell who wrote it, and for what."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _signed(text: str) -> str:
    return f"# Written by yolopatch {__version__}, sha256 of what follows: {_digest(text)}\n{text}"


def _header(cfg: Cfg) -> list[str]:
    scale = f"scale {cfg.letter}" if cfg.letter else _all_scales(cfg.model)
    origin = _origin(cfg.model)
    if not cfg.replacements:
        return [f"{cfg.model.stem()}, {scale}, no layer replaced", *origin]
    lines = [_needs(cfg), f"{cfg.model.stem()}, {scale}; flavor {cfg.replacements[0].flavor}", *origin]
    for one in cfg.replacements:
        lines.append(f"module {one.module.name}, placement {one.placement.name}, {_where(cfg, one)}")
        if is_bare(cfg.model, one):
            lines.append(
                f"{one.module.bare} stands bare, as in the tutorial:"
                " BatchNorm and SiLU of the replaced Conv layers are dropped"
            )
    if not (cfg.letter or origin):
        lines.append("the summaries below are the base model's")
    return lines


def _needs(cfg: Cfg) -> str:
    """Return which workspace builds the file, and how it is made: elsewhere upstream does not know the classes."""
    pin, names = cfg.model.pin.name, [one.module.name for one in cfg.replacements]
    chosen = "".join(f" --module {name}" for name in names)
    flavor = f" --flavor {TUTORIAL_FLAVOR}" if cfg.replacements[0].flavor == TUTORIAL_FLAVOR else ""
    error = "KeyError" if cfg.model.style == "ultralytics" else "NameError"
    return (
        f"needs a workspace of {pin} with {', '.join(names)} (elsewhere: {error}), which this makes:"
        f" yolopatch apply --repo {pin}{chosen}{flavor}"
    )


def _origin(model: BaseModel) -> list[str]:
    return [f"made of {model.file.path.name}, for {model.pin.name}"] if isinstance(model, FileModel) else []


def _all_scales(model: BaseModel) -> str:
    return "the file's own scales" if isinstance(model, FileModel) else "all scales"


def _where(cfg: Cfg, one: Replacement) -> str:
    stands = layer_numbers(cfg.model, cfg.replacements, one)
    said = (("replaced", stands.replaced), ("inserted", stands.inserted))
    return ", ".join(f"{word} layers: {listed(numbers)}" for word, numbers in said if numbers)


def _layers(cfg: Cfg) -> tuple[Layer, ...]:
    found = lay_out_layers(cfg.model, cfg.replacements)
    if cfg.letter and cfg.model.forces_c3k(cfg.letter):
        # so that a file name with another letter gives the same network
        blocks = {layer.name for layer in cfg.model.layers if layer.stands_for("C3k2")}
        return tuple(_with_c3k(layer) if layer.name in blocks else layer for layer in found)
    return found


def _with_c3k(block: Layer) -> Layer:
    """Return the block with its `c3k` argument set to True."""
    return replace(block, args=(block.args[0], True, *block.args[2:]))


def _context(cfg: Cfg) -> dict[str, object]:
    """Return the values and functions for the templates: names, no objects of the catalog."""
    layers = {layer.name: layer for layer in _layers(cfg)}
    numbers = {name: number for number, name in enumerate(layers)}
    own = {layer.name for layer in cfg.model.layers}
    return {
        **_one_scale(cfg.model, cfg.letter),
        "nc": cfg.nc,
        "size": cfg.letter,
        "letter": cfg.letter and cfg.model.letter(cfg.letter),
        **_of_file(cfg),
        "names": list(layers),
        "scale": _scale_printer(cfg.model),
        # a name of the base model that is not laid out went with its backbone; any other is a mistake of the template
        "layer": lambda name: _GONE if name in own - layers.keys() else _line(layers[name], numbers),
        "number": lambda name: numbers.get(name, _GONE),
        "behind": lambda name: _inserted_after(name, list(layers), own) if name in layers else [],
    }


def _of_file(cfg: Cfg) -> dict[str, object]:
    """Return what the template needs besides for a model made of a file."""
    model = cfg.model
    if not isinstance(model, FileModel):
        return {}
    return {
        "parameters": tuple(model.parameters(cfg.nc, cfg.letter)),
        "keeps_table": model.keeps_table,
        "backbone": [layer.name for layer in model.backbone],
        "head": [layer.name for layer in model.head],
    }


def _inserted_after(name: str, order: list[str], own: set[str]) -> list[str]:
    """Return the names of the new layers between a layer and the next layer of the base model."""
    later = order[order.index(name) + 1 :]
    return list(takewhile(lambda other: other not in own, later))


def _one_scale(model: BaseModel, letter: str | None) -> dict[str, object]:
    if letter is None:
        return {}
    row = model.scales[letter]
    return {
        "depth": row.depth,
        "width": row.width,
        "letters": model.letters_for(letter),
        "c3k": model.forces_c3k(letter),
        "barred": model.barred_letters(letter),
        "otherwise": _otherwise(model),
    }


def _otherwise(model: BaseModel) -> str:
    """Return what upstream would build of a one-scale file under a letter that the file does not have."""
    return "its A2C2f blocks with other arguments" if model.has("A2C2f") else "its C3k2 blocks with C3k"


def _scale_printer(model: BaseModel) -> Callable[[str, str], str]:
    def scale(letter: str, source: str = "") -> str:
        """Return the row under `letter`, with the numbers of the scale `source` if it is given."""
        return f"{letter}: {model.scale_row(source or letter)}"

    return scale


def _line(layer: Layer, numbers: dict[str, int]) -> str:
    back = numbers[layer.name] if layer.backward else 0
    sources = [str(-1 if name == PREVIOUS else numbers[name] - back) for name in layer.sources]
    origin = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
    args = ", ".join(map(str, layer.args))
    return f"[{origin}, {layer.repeats}, {layer.module}, [{args}]]"
