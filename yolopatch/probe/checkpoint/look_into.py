"""Say what a checkpoint holds, without running any code in it. Python 3.8 can run this."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable
from itertools import islice
from typing import IO, Any

from ...wire.checkpoint_keys import FORMAT, MODELS, PACKED_FORMAT, STAMP
from ...wire.checkpoints import Contents, LookRequest, NoCheckpoint
from ..protocol.emit import Emit
from .pickle_reader import Inert, TensorlessUnpickler

_GETATTR = (("builtins", "getattr"), ("__builtin__", "getattr"))
_MOST_PICKLE = 2**28  # bytes; tensors are stored outside it: the pickle of the largest models has a megabyte
_MOST_ITEMS = 100_000  # of a stamp; a few hundred are usual
_DEEPEST = 50  # levels of a stamp
_ZIP = b"PK\x03\x04"
_HEAD = 32  # bytes, from which a file's format is known
_SHOWN = 6  # names of entries in an answer
_LONGEST = 60  # characters of such a name
_TORCH_BEFORE_1_6 = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
# what other files start with: a regular expression, and what the file is
_FORMATS = (
    (
        re.escape(_TORCH_BEFORE_1_6),
        "it has torch's format before version 1.6: load it with its own code and save it again",
    ),
    (rb"\x08.\x12", "it is ONNX, an export of a checkpoint"),
    (rb".{3}[\x00-\x05]\x00{4}\{", "it is a safetensors file, which holds tensors but no model"),
    (rb".{2}\x00\x00\{", "it is a TensorRT engine, an export of a checkpoint"),
    (rb".{4}TFL3", "it is TensorFlow Lite, an export of a checkpoint"),
    (rb"\x89HDF", "it is HDF5, as Keras saves models"),
    (rb"version https://git-lfs", "it is a pointer of Git LFS: get the file itself with git lfs pull"),
    (rb"\s*<", "it is a web page or XML: a download that went wrong, or a part of an OpenVINO export"),
    (rb"\x1f\x8b|7z\xbc|Rar!|BZh|\xfd7zXZ", "it is a compressed archive: unpack it first"),
)


class _NoCheckpointError(Exception):
    """The file is not a checkpoint; the message is the reason."""


class _Names(TensorlessUnpickler):
    """Also records the attributes that the pickle reads: a fused model holds one of its own methods."""

    def find_class(self, module: str, name: str) -> Any:
        return self._attribute if (module, name) in _GETATTR else super().find_class(module, name)

    def _attribute(self, holder: object, name: str) -> Inert:
        self.asked.add(f"builtins.getattr({name})")
        return Inert()


def look_into(request: LookRequest, emit: Emit) -> None:
    """Answer with Contents, or with NoCheckpoint and the reason."""
    try:
        with open(request.file, "rb") as stream:
            data = _read_pickle(stream)
        emit(_contents(data))
    except _NoCheckpointError as error:
        emit(NoCheckpoint(str(error)))
    except OSError as error:
        emit(NoCheckpoint(f"it cannot be read: {error.strerror or error}"))


def _read_pickle(stream: IO[bytes]) -> bytes:
    head = stream.read(_HEAD)
    if not head.startswith(_ZIP):
        raise _NoCheckpointError(_described(head))
    try:
        with zipfile.ZipFile(stream) as archive:
            if any(entry.filename.endswith("/constants.pkl") for entry in archive.infolist()):
                raise _NoCheckpointError("it is TorchScript, an export of a checkpoint")
            found = [entry for entry in archive.infolist() if entry.filename.split("/")[1:] == ["data.pkl"]]
            if len(found) != 1:
                raise _NoCheckpointError(
                    f"it is an archive with {len(found)} files data.pkl, and torch's archives have one; "
                    f"it has: {', '.join(_names(archive.namelist())) or 'nothing'}"
                )
            if found[0].file_size > _MOST_PICKLE:
                raise _NoCheckpointError(
                    f"its data.pkl claims {found[0].file_size:,} bytes, more than any checkpoint has"
                )
            return archive.open(found[0]).read()
    # not only BadZipFile: a damaged or forged archive also raises what zlib, struct and the reader raise
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError, NotImplementedError) as error:
        raise _NoCheckpointError(f"it is cut short or damaged: {error}") from error


def _described(head: bytes) -> str:
    """Return what a file is that starts like this."""
    known = next((what for form, what in _FORMATS if re.match(form, head, re.DOTALL)), None)
    start = head[: len(_ZIP)]
    return known or (
        f"it does not start like a file of torch 1.6 or later, but with {start!r}" if head else "it is empty"
    )


def _names(names: Iterable[object]) -> tuple[str, ...]:
    """Return the first of these names, short enough for a message."""
    return tuple(str(name)[:_LONGEST] for name in islice(names, _SHOWN))


def _contents(data: bytes) -> Contents:
    names = _Names(io.BytesIO(data), encoding="utf-8")
    try:
        root = names.load()
    except Exception as error:  # unpickling arbitrary bytes may raise anything
        raise _NoCheckpointError(f"its data.pkl cannot be read: {type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(root, dict):
        kind = root.path if isinstance(root, Inert) else type(root).__name__
        raise _NoCheckpointError(f"it holds a {kind}, and a checkpoint is a dict")
    version = root.get("version")
    return Contents(
        stamp=_plain(root.get(STAMP), _Budget()),
        asked=tuple(sorted(names.asked)),
        version=version if isinstance(version, str) else None,
        model=any(isinstance(root.get(key), Inert) for key in MODELS),
        packed=root.get(FORMAT) == PACKED_FORMAT,
        keys=_names(root),
        sum=hashlib.sha256(data).hexdigest(),
    )


class _Budget:
    """How many items of a stamp may still be read: it may hold itself, or one item a million times."""

    def __init__(self) -> None:
        self.left = _MOST_ITEMS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _NoCheckpointError(f"its stamp has more than {_MOST_ITEMS:,} parts")


def _plain(value: Any, budget: _Budget, depth: int = 0) -> Any:
    """Return a stamp as JSON can hold it; for a value that is not data, the name of its class."""
    budget.spend()
    if depth > _DEEPEST:
        raise _NoCheckpointError("its stamp is nested too deeply")
    if isinstance(value, dict):
        return {str(key)[:1000]: _plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return value[:10_000] if isinstance(value, str) else f"a {type(value).__name__}"
