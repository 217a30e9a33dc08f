"""The packed file: a model whose DSConv kernels are integers of b bits with float16 scales.

It is a dict of tensors and plain data that torch.load(weights_only=True) reads:

    format, version   "yolopatch-packed", 1
    layers            by name: bits, block_size, shape, exponent, and the tensors `integers` (uint8, see bits),
                      `scale` and for some `bias` (float16 [out, blocks, kh, kw], in units of 2^exponent)
    state             every other tensor of the model, as in the checkpoint
    yaml, names, task the model's YAML, its object classes, its task
    content           the checkpoint's other entries, where they are plain data
    yolopatch         the checkpoint's stamp, where it had one
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ...wire.checkpoint_keys import FORMAT, PACKED_FORMAT, STAMP
from ..explain.raising import first_line
from ..pickled.archive import NoArchive, read_checked
from ..pickled.reader import Inert, InertUnpickler
from ..protocol.plain_values import PLAIN
from ..protocol.refusal import Refusal
from .bits import pack_bits, packed_size, unpack_bits
from .stored import Stored

VERSION = 1
SCALES = ("scale", "bias")
_PARTS = {"layers": dict, "state": dict, "yaml": dict, "task": str, "content": dict}
_BUFFERS = ("VQK", "KDS", "KDSb", "KDSform")  # of a frozen DSConv


def write_packed(file: str | os.PathLike[str], stored: Stored, task: str, layers: Mapping[str, Any]) -> None:
    """Write a checkpoint with its DSConv layers packed.

    Args:
        file: a path.
        stored: the checkpoint.
        task: the model's task: detect, segment and so on.
        layers: the frozen DSConv layers, by name.
    """
    ours = {f"{name}.{buffer}" for name in layers for buffer in ("weight", *_BUFFERS)}
    content = {
        FORMAT: PACKED_FORMAT,
        "version": VERSION,
        "layers": {name: _packed(layer) for name, layer in layers.items()},
        "state": {name: tensor for name, tensor in stored.state.items() if name not in ours},
        "yaml": _plain(stored.yaml),
        "names": stored.names,
        "task": task,
        "content": {key: value for key, value in _plain(stored.content).items() if key != STAMP},
    }
    torch.save({**content, STAMP: _plain(stored.stamp)} if stored.stamp else content, file)


def _packed(layer: Any) -> dict[str, Any]:
    """Return a frozen DSConv layer as an entry of `layers`."""
    exponent, bits, block_size = layer.KDSform.tolist()
    return {
        "bits": bits,
        "block_size": block_size,
        "shape": list(layer.VQK.shape),
        "exponent": exponent,
        "integers": pack_bits(layer.VQK, bits),
        "scale": layer.KDS.half(),
        **({"bias": layer.KDSb.half()} if layer.KDSBias else {}),
    }


def _plain(value: Any) -> Any:
    """Return a value without the items, at any depth, that are not plain data."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if isinstance(key, PLAIN) and _is_plain(item)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value if _is_plain(item)]
    return value


def _is_plain(value: Any) -> bool:
    return isinstance(value, (*PLAIN, dict, list, tuple))


def read_packed(file: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a packed file's content.

    Raises:
        Refusal: the file is not a packed file, is cut short or damaged, or has another version.
    """
    try:
        read_checked(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except NoArchive as error:
        raise _unreadable(file, str(error)) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise _unreadable(file, f"{type(error).__name__}: {first_line(error)[:200]}") from error
    if not isinstance(content, dict) or content.get(FORMAT) != PACKED_FORMAT:
        raise _unreadable(file, _describe(content))
    if content.get("version") != VERSION:
        raise Refusal(
            f"{file} is a packed file of another version",
            f"expected: version {VERSION}",
            f"found: version {content.get('version')}",
            hint="use the version of yolopatch that packed it, or a newer one: pip install -U yolopatch",
        )
    damage = next(_damages(content), None)
    if damage:
        raise _unreadable(file, damage)
    return content


def _unreadable(file: str | os.PathLike[str], found: str) -> Refusal:
    return Refusal(
        f"{file} is not a packed file that can be read",
        f"expected: a complete file of yolopatch pack ({PACKED_FORMAT}, version {VERSION})",
        f"found: {found}",
        hint="pack the checkpoint again: yolopatch pack --weights best.pt --out best.packed.pt",
    )


def _describe(content: object) -> str:
    if isinstance(content, dict):
        return f"a dict of {', '.join(map(str, list(content)[:6]))}"
    return f"a {type(content).__name__}"


def _damages(content: dict[str, Any]) -> Iterator[str]:
    """Yield each way in which the content differs from the format."""
    for part, kind in _PARTS.items():
        if not isinstance(content.get(part), kind):
            yield f"{part} is a {type(content.get(part)).__name__}"
            return
    for name, tensor in content["state"].items():
        if not isinstance(tensor, Tensor):
            yield f"{name} is a {type(tensor).__name__}"
    for name, layer in content["layers"].items():
        if not _is_layer(layer):
            yield f"the layer {name} is not complete"


def _is_layer(layer: Any) -> bool:
    try:
        out, channels, high, wide = layer["shape"]
        blocks = -(-channels // layer["block_size"])
        scales = [layer[name] for name in SCALES if name in layer]
        return bool(
            layer["bits"] in range(2, 9)
            and isinstance(layer["exponent"], int)
            and layer["integers"].dtype == torch.uint8
            and layer["integers"].shape == (packed_size(out * channels * high * wide, layer["bits"]),)
            and "scale" in layer
            and all(s.dtype == torch.float16 and s.shape == (out, blocks, high, wide) for s in scales)
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError):
        return False


def unpacked_state(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the `state_dict` of the model with frozen layers, each tensor in the dtype that it has in the file."""
    state = dict(content["state"])
    for name, layer in content["layers"].items():
        state[f"{name}.VQK"] = unpack_bits(layer["integers"], layer["bits"], layer["shape"])
        state[f"{name}.KDS"] = layer["scale"]
        if "bias" in layer:
            state[f"{name}.KDSb"] = layer["bias"]
        form = (layer["exponent"], layer["bits"], layer["block_size"])
        state[f"{name}.KDSform"] = torch.tensor(form, dtype=torch.int32)
    return state


def kernel_sizes(file: str | os.PathLike[str]) -> dict[str, int]:
    """Return the bytes of each layer's kernel in a packed file, integers and scales: the sizes of the zip's entries."""
    with zipfile.ZipFile(file) as archive:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        with archive.open(pickled) as stream:
            layers = _Entries(stream).load()["layers"]
        folder = pickled.rpartition("/")[0]
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    return {
        name: sum(
            sizes[f"{folder}/data/{_storage_key(layer[part])}"] for part in ("integers", *SCALES) if part in layer
        )
        for name, layer in layers.items()
    }


def _storage_key(tensor: Inert) -> str:
    key: str = tensor.arguments[0][2]  # _rebuild_tensor_v2(("storage", type, key, location, count), ...)
    return key


class _Entries(InertUnpickler):
    def persistent_load(self, key: Any) -> Any:
        """Return the key of a tensor's bytes instead of the bytes."""
        return key
