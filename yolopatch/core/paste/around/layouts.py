"""A class whose forward reads tokens, or a map with its channels last: a class around it turns the map, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.catalog.kinds import ATTENTION
from yolopatch.core.paste.around.written import Written, free_name, with_class
from yolopatch.core.paste.deciding import decide
from yolopatch.core.paste.forward import inputs
from yolopatch.core.paste.judging.own_numbers import FixedSizeError
from yolopatch.core.paste.reading import Pasted
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class _Layout:
    """Another layout of a map: its name, and the code that turns a map into it, and back."""

    name: str
    there: str
    back: str


_TOKENS = _Layout("tokens", "x.flatten(2).transpose(1, 2)", "x.transpose(1, 2).reshape(n, c, h, w)")
_LAST = _Layout("maps with the channels last", "x.permute(0, 2, 3, 1)", "x.permute(0, 3, 1, 2)")


def around_layout(paste: Pasted, symbol: str, like: str | None, args: str | None) -> Written | None:
    """Return a class that turns its map into what another one reads; None where not just one layout is right.

    A class that works with both reads the values of a pixel alone, or means by the same code two things.

    Args:
        paste: the file.
        symbol: the class, which does not work with a map.
        like, args: as in `decide`.

    Raises:
        FixedSizeError: with turned maps, it works, but only with those of one size.
    """
    fitting = [one for one in _possible(paste, symbol, args) if _keeps_maps(with_class(paste, one), one, like)]
    return fitting[0] if len(fitting) == 1 else None


def _possible(paste: Pasted, symbol: str, args: str | None) -> Iterator[Written]:
    taken = inputs(paste, symbol) or ()
    sizes = {1: "", 2: ", (h, w)", 3: ", h, w"}.get(len(taken))
    if sizes is None:
        return
    for layout in (_TOKENS, _LAST) if not sizes else (_TOKENS,):
        name = free_name(paste, f"{symbol}Map")
        code = (
            f"class {name}({symbol}):\n"
            f'    """{symbol}, which reads {layout.name}, for maps: [N, C, H, W] to [N, C, H, W]."""\n\n'
            "    def forward(self, x):\n"
            "        n, c, h, w = x.shape\n"
            f"        x = super().forward({layout.there}{sizes})\n"
            f"        return {layout.back}\n"
        )
        yield Written(
            name, symbol, code, f"{symbol} reads {layout.name}: it turns the map, {layout.there}, and back", args
        )


def _keeps_maps(paste: Pasted, written: Written, like: str | None) -> bool:
    try:
        found = decide(paste, written.symbol, like, written.args)
    except FixedSizeError:
        raise
    except UsageError:
        return False
    return found.kind == ATTENTION and not found.doubt
