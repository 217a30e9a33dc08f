"""Say what a checkpoint holds, without running any code in it. Python 3.8 can run this."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from ...wire.checkpoint_keys import FORMAT, MODELS, PACKED_FORMAT, STAMP
from ...wire.checkpoints import Contents, LookRequest, NoCheckpoint
from ..pickled.archive import NoArchive, first_names, read_checked
from ..pickled.reader import Inert, TensorlessUnpickler
from ..pickled.uses import Seen
from ..protocol.emit import Emit

_MOST_ITEMS = 100_000  # of a stamp; a few hundred are usual
_DEEPEST = 50  # levels of a stamp


def look_into(request: LookRequest, emit: Emit) -> None:
    """Answer with Contents, or with NoCheckpoint and the reason."""
    try:
        emit(_contents(*read_checked(request.file)))
    except NoArchive as error:
        emit(NoCheckpoint(str(error)))
    except OSError as error:
        emit(NoCheckpoint(f"it cannot be read: {error.strerror or error}"))


def _contents(data: bytes, seen: Seen) -> Contents:
    try:
        root = TensorlessUnpickler(io.BytesIO(data), encoding="utf-8").load()
    except Exception as error:  # unpickling arbitrary bytes may raise anything
        raise NoArchive(f"its data.pkl cannot be read: {type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(root, dict):
        kind = root.path if isinstance(root, Inert) else type(root).__name__
        raise NoArchive(f"it holds a {kind}, and a checkpoint is a dict")
    version = root.get("version")
    return Contents(
        stamp=_plain(root.get(STAMP), _Budget()),
        asked=tuple(sorted(seen.names)),
        uses=tuple(sorted(seen.uses)),
        version=version if isinstance(version, str) else None,
        model=any(isinstance(root.get(key), Inert) for key in MODELS),
        packed=root.get(FORMAT) == PACKED_FORMAT,
        keys=first_names(root),
        sum=hashlib.sha256(data).hexdigest(),
    )


class _Budget:
    """How many items of a stamp may still be read: it may hold itself, or one item a million times."""

    def __init__(self) -> None:
        self.left = _MOST_ITEMS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise NoArchive(f"its stamp has more than {_MOST_ITEMS:,} parts")


def _plain(value: Any, budget: _Budget, depth: int = 0) -> Any:
    """Return a stamp as JSON can hold it; for a value that is not data, the name of its class."""
    budget.spend()
    if depth > _DEEPEST:
        raise NoArchive("its stamp is nested too deeply")
    if isinstance(value, dict):
        return {str(key)[:1000]: _plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return value[:10_000] if isinstance(value, str) else f"a {type(value).__name__}"
