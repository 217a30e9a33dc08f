"""Say what a checkpoint holds, without running anything of it. Any Python 3.8 can run this."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from typing import IO, Any

from ...wire.checkpoint_keys import MODELS, STAMP
from ...wire.checkpoints import Contents, LookRequest, NoCheckpoint
from .pickle_reader import Inert, Unpickler

_GETATTR = (("builtins", "getattr"), ("__builtin__", "getattr"))
_MOST_PICKLE = 2**28  # bytes; the tensors lie beside it, and what is left of the largest models is a megabyte
_MOST_ITEMS = 100_000  # of a stamp, in which a few hundred are usual
_DEEPEST = 50
_ZIP = b"PK\x03\x04"


class _Trouble(Exception):
    """Why the file is no checkpoint."""


class _Names(Unpickler):
    """Also tells which attributes the pickle takes: a fused model has one of its own methods in it."""

    def find_class(self, module: str, name: str) -> Any:
        return self._attribute if (module, name) in _GETATTR else super().find_class(module, name)

    def _attribute(self, holder: object, name: str) -> Inert:
        self.asked.add(f"builtins.getattr({name})")
        return Inert()


def look_into(request: LookRequest, emit: Callable[[object], None]) -> None:
    """Answer with what the file says of itself, or with why it is no checkpoint."""
    try:
        with open(request.file, "rb") as stream:
            data = _pickle(stream)
        emit(_read(data))
    except _Trouble as trouble:
        emit(NoCheckpoint(str(trouble)))
    except OSError as error:
        emit(NoCheckpoint(f"it cannot be read: {error.strerror or error}"))


def _pickle(stream: IO[bytes]) -> bytes:
    start = stream.read(4)
    if start != _ZIP:
        raise _Trouble(
            f"it does not begin as torch's files have since 1.6, but with {start!r}" if start else "it is empty"
        )
    try:
        with zipfile.ZipFile(stream) as archive:
            if any(entry.filename.endswith("/constants.pkl") for entry in archive.infolist()):
                raise _Trouble("it is TorchScript, which was exported from a checkpoint")
            found = [entry for entry in archive.infolist() if entry.filename.split("/")[1:] == ["data.pkl"]]
            if len(found) != 1:
                raise _Trouble(f"it is an archive with {len(found)} files data.pkl, and torch's have one")
            if found[0].file_size > _MOST_PICKLE:
                raise _Trouble(f"its data.pkl says that it has {found[0].file_size:,} bytes, which no checkpoint's has")
            return archive.open(found[0]).read()
    # not only BadZipFile: an archive that is damaged or made up raises what zlib, struct and the reader raise
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError, NotImplementedError) as error:
        raise _Trouble(f"it is cut short or damaged: {error}") from error


def _read(data: bytes) -> Contents:
    names = _Names(io.BytesIO(data), encoding="utf-8")
    try:
        root = names.load()
    except Exception as error:  # whatever bytes that pickle takes for orders make it raise
        raise _Trouble(f"what it holds cannot be read: {type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(root, dict):
        kind = root.path if isinstance(root, Inert) else type(root).__name__
        raise _Trouble(f"it holds a {kind}, and a checkpoint is a dict")
    version = root.get("version")
    return Contents(
        stamp=_plain(root.get(STAMP), _Budget()),
        asked=tuple(sorted(names.asked)),
        version=version if isinstance(version, str) else None,
        model=any(isinstance(root.get(key), Inert) for key in MODELS),
        sum=hashlib.sha256(data).hexdigest(),
    )


class _Budget:
    """How much of a stamp is read: what holds itself, or one thing a million times, is none."""

    def __init__(self) -> None:
        self.left = _MOST_ITEMS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Trouble(f"its stamp has more than {_MOST_ITEMS:,} parts")


def _plain(value: Any, budget: _Budget, depth: int = 0) -> Any:
    """Return the stamp's data as JSON has it; what is no data is told by a word."""
    budget.spend()
    if depth > _DEEPEST:
        raise _Trouble("its stamp is nested too deeply")
    if isinstance(value, dict):
        return {str(key)[:1000]: _plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return value[:10_000] if isinstance(value, str) else f"a {type(value).__name__}"
