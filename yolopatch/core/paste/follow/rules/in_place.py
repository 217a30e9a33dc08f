"""What changes a tensor itself: its shape, `x.unsqueeze_(1)`, or its values, and what these come from must fit."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.indexing import indexed
from yolopatch.core.paste.follow.rules.registry import FUNCTIONS, METHODS, Rule, Run, method
from yolopatch.core.paste.follow.rules.sizes import broadcast, listed, made, tensor
from yolopatch.core.paste.follow.values import Tensor

_RESHAPING = frozenset({"squeeze", "unsqueeze", "transpose", "swapaxes", "swapdims", "t"})


def changing(name: str) -> Rule | None:
    """Return the rule of what changes its tensor, by that of what gives a new one; None where there is none."""
    plain = name.removesuffix("_")
    rule = METHODS.get(plain) or FUNCTIONS.get(plain)
    if rule is None or plain == name:
        return None

    def change(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
        found = tensor(x)
        result = rule(run, found, *rest, **more)
        if plain in _RESHAPING:
            found.shape = tensor(result).shape
        else:
            require_fits(result, found)
        found.values = None
        return found

    return change


def require_fits(result: Any, held: Tensor) -> None:
    """Refuse a result that is larger than the tensor that is to hold it; what is unknown may fit.

    Raises:
        Fails: it is larger.
    """
    if isinstance(result, Tensor) and result.shape != held.shape:
        raise Fails(f"a tensor of {list(result.shape)} does not fit in place into one of {list(held.shape)}")


def require_part_fits(held: Tensor, index: Any, given: Any) -> None:
    """Refuse `held[index] = given` where there is no such part, or where what is given does not fit into it.

    Raises:
        Fails: it is so.
    """
    try:
        part = indexed(held, index)
    except Open:  # a part that depends on values
        return
    if isinstance(given, Tensor):
        shape = given.shape
        while len(shape) > len(part.shape) and shape[0] == 1:
            shape = shape[1:]
        require_fits(broadcast(part, Tensor(shape)), part)


@method("copy_")
def copied(run: Run, x: Any, source: Any, *rest: Any) -> Tensor:
    """Follow copy_: what is copied is repeated where it has a size of 1."""
    found = tensor(x)
    require_fits(broadcast(found, source), found)
    return found


@method("resize_")
def resized(run: Run, x: Any, *sizes: Any, **more: Any) -> Tensor:
    """Follow resize_."""
    found = tensor(x)
    found.shape = made(listed(sizes)).shape
    return found
