"""Upstream's blocks of attention, with their parts: what inherits from them changes a part, and keeps the forward."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.rules.containers import sequential
from yolopatch.core.paste.follow.rules.joining import cat
from yolopatch.core.paste.follow.rules.registry import Run, layer
from yolopatch.core.paste.follow.rules.reshaping import chunk
from yolopatch.core.paste.follow.rules.sizes import broadcast, tensor, whole
from yolopatch.core.paste.follow.rules.upstream.blocks import c2f, made_layer
from yolopatch.core.paste.follow.values import Layer, Tensor, computed

_OF_A_HEAD = 64  # channels


def attention(dim: int, heads: int) -> Layer:
    """Return upstream's Attention, which keeps the shape of its map."""
    if heads <= 0:
        raise Fails(f"Attention of {dim} channels in {heads} heads", "ZeroDivisionError")

    def call(run: Run, x: Any) -> Tensor:
        found = tensor(x, "a map")
        if len(found.shape) != 4 or found.shape[1] != dim:
            raise Fails(f"Attention takes {dim} channels, and gets {list(found.shape)}")
        if dim % heads:
            raise Fails(f"Attention: {dim} channels do not divide into {heads} heads")
        return found

    return Layer("Attention", call)


@layer("PSABlock")
def psa_block(
    run: Run, c: Any, attn_ratio: Any = 0.5, num_heads: Any = 4, shortcut: Any = True, *rest: Any, **named: Any
) -> Layer:
    """Follow PSABlock: x + attn(x), then x + ffn(x), or without the sums."""
    run.note(c, uses.CONV_IN)
    width = whole(c)
    parts: dict[str, Any] = {
        "attn": attention(width, whole(num_heads)),
        "ffn": _ffn(run, width),
        "add": run.truth(shortcut),
    }

    def call(run: Run, x: Any) -> Any:
        return _through(run, parts, x, run.truth(parts["add"]))

    return Layer("PSABlock", call, parts)


@layer("PSA")
def psa(run: Run, c1: Any, c2: Any, e: Any = 0.5) -> Layer:
    """Follow PSA: one half of the channels through attention."""
    parts = _halves(run, "PSA", c1, c2, e)
    half = int(parts["c"])
    parts |= {"attn": attention(half, max(half // _OF_A_HEAD, 1)), "ffn": _ffn(run, half)}  # as the newest pin has it
    return Layer("PSA", lambda run, x: _joined(run, parts, x, lambda b: _through(run, parts, b, True)), parts)


@layer("C2PSA")
def c2psa(run: Run, c1: Any, c2: Any, n: Any = 1, e: Any = 0.5) -> Layer:
    """Follow C2PSA: one half of the channels through n PSABlocks."""
    run.note(n, uses.COUNT)
    parts = _halves(run, "C2PSA", c1, c2, e)
    parts["m"] = sequential(run, *_blocks(run, int(parts["c"]), n))
    return Layer("C2PSA", lambda run, x: _joined(run, parts, x, lambda b: run.call(parts["m"], b)), parts)


@layer("C2fPSA")
def c2f_psa(run: Run, c1: Any, c2: Any, n: Any = 1, e: Any = 0.5) -> Layer:
    """Follow C2fPSA: a C2f with PSABlocks."""
    _require_equal("C2fPSA", c1, c2)
    made = c2f(run, c1, c2, n, False, 1, e)
    held = made.attributes["m"].children
    held |= dict(zip(held, _blocks(run, int(made.attributes["c"]), n), strict=True))
    return made


def _blocks(run: Run, width: int, n: Any) -> list[Layer]:
    return [psa_block(run, width, 0.5, width // _OF_A_HEAD) for _ in range(whole(n))]


def _require_equal(name: str, c1: Any, c2: Any) -> None:
    if whole(c1) != whole(c2):
        raise Fails(f"{name} gives as many channels as it gets: {whole(c1)} and {whole(c2)} differ", "AssertionError")


def _halves(run: Run, name: str, c1: Any, c2: Any, e: Any) -> dict[str, Any]:
    """Return the convolutions before and behind the halves, and how many channels a half has."""
    for value, role in ((c1, uses.CONV_IN), (c2, uses.CONV_OUT), (e, uses.OTHER)):
        run.note(value, role)
    _require_equal(name, c1, c2)
    half = computed(int(c1 * e), c1, e)
    return {
        "c": half,
        "cv1": made_layer(run, "Conv", c1, 2 * half, 1, 1, None, 1, 1),
        "cv2": made_layer(run, "Conv", 2 * half, c1, 1, 1, None, 1, 1),
    }


def _ffn(run: Run, width: int) -> Layer:
    first = made_layer(run, "Conv", width, 2 * width, 1, 1, None, 1, 1)
    return sequential(run, first, made_layer(run, "Conv", 2 * width, width, 1, 1, None, 1, 1))


def _through(run: Run, parts: dict[str, Any], x: Any, adds: bool) -> Any:
    for name in ("attn", "ffn"):
        y = run.call(parts[name], x)
        x = broadcast(x, y) if adds else y
    return x


def _joined(run: Run, parts: dict[str, Any], x: Any, inside: Any) -> Any:
    a, b = chunk(run, run.call(parts["cv1"], x), 2, 1)
    return run.call(parts["cv2"], cat(run, (a, inside(b)), 1))
