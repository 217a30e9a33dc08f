"""Upstream's own layers, as all pins have them: their first arguments, and the sizes that they give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.containers import elements, module_list, sequential
from yolopatch.core.paste.follow.rules.joining import cat
from yolopatch.core.paste.follow.rules.registry import Run, layer
from yolopatch.core.paste.follow.rules.reshaping import chunk
from yolopatch.core.paste.follow.rules.sizes import broadcast, made, several, slid, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Tensor, Unknown, computed

# those whose parts are not followed: only that they keep the size of their map is known
WHOLE = frozenset(
    {"BottleneckCSP", "C1", "C2", "C2fAttn", "C2fCIB", "RepC3", "RepNCSPELAN4", "SPP", "SPPELAN", "SPPF", "SCDown"}
    | {"CIB", "GhostBottleneck", "AIFI"}
)


def _convolution(name: str, k: int = 1) -> Any:
    def construct(
        run: Run, c1: Any, c2: Any, k: Any = k, s: Any = 1, p: Any = None, g: Any = 1, *rest: Any, **named: Any
    ) -> Layer:
        for value, role in ((c1, uses.CONV_IN), (c2, uses.CONV_OUT), (k, uses.KERNEL), (s, uses.STRIDE)):
            run.note(value, role)
        for value, role in ((p, uses.PADDING), (g, uses.GROUPS), (named.get("d"), uses.DILATION)):
            run.note(value, role)
        dilation = named.get("d", rest[0] if len(rest) > 1 else 1)
        return made_layer(run, name, c1, c2, k, s, p, g, 1 if isinstance(dilation, bool) else dilation)

    return construct


def made_layer(run: Run, name: str, c1: Any, c2: Any, k: Any, s: Any, p: Any, g: Any, d: Any) -> Layer:
    """Return a convolution of upstream's with its BatchNorm and activation; its padding is half of its kernel."""
    source, target, groups = whole(c1), whole(c2), whole(g)
    if min(source, target) <= 0:
        raise Fails(f"{name} of {source} to {target} channels")
    if groups <= 0 or source % groups or target % groups:
        raise Fails(f"{name}: {source} and {target} channels do not divide into {groups} groups", "ValueError")
    window, steps, dilations = several(k, 2), several(s, 2), several(d, 2)
    pads = tuple(((w - 1) * n + 1) // 2 for w, n in zip(window, dilations)) if p is None else several(p, 2)

    def call(run: Run, x: Any) -> Tensor:
        shape = tensor(x, "a map").shape
        if len(shape) != 4:
            raise Fails(f"{name} takes 4 dimensions, and gets {list(shape)}")
        if shape[1] != source:
            raise Fails(f"{name} takes {source} channels, and gets {shape[1]}")
        sizes = [slid(n, w, t, q, e) for n, w, t, q, e in zip(shape[2:], window, steps, pads, dilations)]
        result = made((shape[0], target, *sizes))
        if run.training and result.shape[0] == result.shape[2] == result.shape[3] == 1:
            raise Fails(
                f"the BatchNorm in {name} gets one value for each channel, which has no variance: a map of"
                f" {list(result.shape)}",
                "ValueError",
            )
        return result

    conv = Layer("Conv2d", None, {"weight": made((target, source // groups, *window)), "bias": None})
    parts: dict[str, Any] = {"conv": conv, "bn": Unknown(f"the BatchNorm in {name}"), "act": Unknown(f"{name}.act")}
    return Layer(name, call, parts)


for _name in ("Conv", "Conv2", "RepConv"):
    layer(_name)(_convolution(_name, k=3 if _name == "RepConv" else 1))


@layer("GhostConv")
def ghost_conv(run: Run, c1: Any, c2: Any, k: Any = 1, s: Any = 1, g: Any = 1, *rest: Any, **named: Any) -> Layer:
    """Follow GhostConv."""
    return made_layer(run, "GhostConv", c1, c2, k, s, None, g, 1)


@layer("LightConv")
def light_conv(run: Run, c1: Any, c2: Any, k: Any = 1, *rest: Any, **named: Any) -> Layer:
    """Follow LightConv."""
    return made_layer(run, "LightConv", c1, c2, k, 1, None, 1, 1)


@layer("DWConv")
def depthwise(run: Run, c1: Any, c2: Any, k: Any = 1, s: Any = 1, *rest: Any, **named: Any) -> Layer:
    """Follow DWConv."""
    run.note(k, uses.KERNEL)
    run.note(s, uses.STRIDE)
    return made_layer(run, "DWConv", c1, c2, k, s, None, 1, 1)


def _block(name: str) -> Any:
    def construct(run: Run, c1: Any, c2: Any = None, *rest: Any, **named: Any) -> Layer:
        for value, role in ((c1, uses.CONV_IN), (c2, uses.CONV_OUT), ([*rest, *named.values()], uses.OTHER)):
            run.note(value, role)
        if name in ("AIFI", "SCDown"):
            raise Open(f"upstream's {name}")
        source, target = whole(c1), whole(c1 if c2 is None else c2)

        def call(run: Run, x: Any) -> Tensor:
            shape = tensor(x, "a map").shape
            if len(shape) != 4 or shape[1] != source:
                raise Fails(f"{name} takes {source} channels, and gets {list(shape)}")
            return made((shape[0], target, *shape[2:]))

        return Layer(name, call)

    return construct


for _name in WHOLE:
    layer(_name)(_block(_name))


@layer("Bottleneck")
def bottleneck(
    run: Run, c1: Any, c2: Any, shortcut: Any = True, g: Any = 1, k: Any = (3, 3), e: Any = 0.5, **named: Any
) -> Layer:
    """Follow Bottleneck: x + cv2(cv1(x)). YOLOv5's has no k, and a 1×1 convolution first."""
    for value, role in ((c1, uses.CONV_IN), (c2, uses.CONV_OUT)):
        run.note(value, role)
    if not isinstance(k, (tuple, list)):  # by position, as YOLOv5 has it
        k, e = (1, 3), k
    middle = int(c2 * e)
    first = made_layer(run, "Conv", c1, middle, k[0], 1, None, 1, 1)
    second = made_layer(run, "Conv", middle, c2, k[1], 1, None, g, 1)
    parts: dict[str, Any] = {"cv1": first, "cv2": second, "add": run.truth(shortcut) and c1 == c2}

    def call(run: Run, x: Any) -> Any:
        y = run.call(parts["cv2"], run.call(parts["cv1"], x))
        return broadcast(x, y) if run.truth(parts["add"]) else y

    return Layer("Bottleneck", call, parts)


def _note_block(run: Run, c1: Any, c2: Any, n: Any, *others: Any) -> None:
    """Note what the arguments of a block are for."""
    for value, role in ((c1, uses.CONV_IN), (c2, uses.CONV_OUT), (n, uses.COUNT)):
        run.note(value, role)
    run.note(list(others), uses.OTHER)


def _csp(name: str) -> Any:
    """Return the rule of C3 and its variants: cv3(cat(m(cv1(x)), cv2(x)))."""

    def construct(
        run: Run, c1: Any, c2: Any, n: Any = 1, shortcut: Any = True, g: Any = 1, e: Any = 0.5, *rest: Any, **named: Any
    ) -> Layer:
        _note_block(run, c1, c2, n, *rest, *named.values())
        inside = int(c2 * e)
        made_of = [bottleneck(run, inside, inside, shortcut, g) for _ in range(whole(n))]
        parts: dict[str, Any] = {
            "cv1": made_layer(run, "Conv", c1, inside, 1, 1, None, 1, 1),
            "cv2": made_layer(run, "Conv", c1, inside, 1, 1, None, 1, 1),
            "cv3": made_layer(run, "Conv", 2 * inside, c2, 1, 1, None, 1, 1),
            "m": sequential(run, *made_of),
        }

        def call(run: Run, x: Any) -> Any:
            both = (run.call(parts["m"], run.call(parts["cv1"], x)), run.call(parts["cv2"], x))
            return run.call(parts["cv3"], cat(run, both, 1))

        return Layer(name, call, parts)

    return construct


for _name in ("C3", "C3k", "C3x", "C3Ghost", "C3TR"):
    layer(_name)(_csp(_name))


@layer("C2f")
def c2f(
    run: Run, c1: Any, c2: Any, n: Any = 1, shortcut: Any = False, g: Any = 1, e: Any = 0.5, *rest: Any, **named: Any
) -> Layer:
    """Follow C2f: cv2(cat(a, b, m1(b), m2(m1(b)), …)) of the halves a, b of cv1(x)."""
    _note_block(run, c1, c2, n, *rest, *named.values())
    inside, count = int(c2 * e), whole(n)
    parts: dict[str, Any] = {
        "c": computed(inside, c2, e),
        "cv1": made_layer(run, "Conv", c1, 2 * inside, 1, 1, None, 1, 1),
        "cv2": made_layer(run, "Conv", (2 + count) * inside, c2, 1, 1, None, 1, 1),
        "m": module_list(run, [bottleneck(run, inside, inside, shortcut, g, (3, 3), 1.0) for _ in range(count)]),
    }

    def call(run: Run, x: Any) -> Any:
        y = [*chunk(run, run.call(parts["cv1"], x), 2, 1)]
        for one in elements(parts["m"]):
            y.append(run.call(one, y[-1]))
        return run.call(parts["cv2"], cat(run, y, 1))

    return Layer("C2f", call, parts)


@layer("C3k2")
def c3k2(
    run: Run,
    c1: Any,
    c2: Any,
    n: Any = 1,
    c3k: Any = False,
    e: Any = 0.5,
    g: Any = 1,
    shortcut: Any = True,
    *rest: Any,
    **named: Any,
) -> Layer:
    """Follow C3k2: a C2f, whose parts all keep the shape."""
    return replace(c2f(run, c1, c2, n, shortcut, g, e, c3k, *rest, **named), name="C3k2")


@layer("Concat")
def concat(run: Run, dimension: Any = 1) -> Layer:
    """Follow Concat."""
    return Layer("Concat", lambda run, x: cat(run, x, dimension))


@layer("DFL")
def dfl(run: Run, c1: Any = 16) -> Layer:
    """Follow DFL: (N, 4·c1, A) to (N, 4, A)."""

    def call(run: Run, x: Any) -> Tensor:
        n, c, a = tensor(x).shape
        if c != 4 * whole(c1):
            raise Fails(f"DFL takes {4 * whole(c1)} channels, and gets {c}")
        return made((n, 4, a))

    return Layer("DFL", call)
