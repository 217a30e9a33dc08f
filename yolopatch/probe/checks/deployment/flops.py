"""Are the GFLOPs that upstream prints for one image what the model really computes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import Module, modules

from ....wire.facts import UpstreamInfo
from ...build.subject import Subject
from ...measure.flopcount import CONVOLUTION, PRODUCT, Flops, count_flops
from ...protocol.findings import Finding, passed, skipped, warned
from ...tensors.models import UpstreamModel
from ...tensors.tensors import image
from ...thresholds import SAME_FLOPS
from ..rules import Rules

_SHOWN = 8  # classes in the evidence, the largest difference first
_LEAST_SHARE = 0.001  # of the true figure: a smaller difference is not worth a line
_NO_WEIGHTS = "the counter counts it, but it multiplies no weights"
_SMALL_ONLY = "it computes for the counter's small image, but not for one of the real size"
_LARGE_ONLY = "it computes for an image of the real size, but not for the counter's small one"
_NORM_MODULES = tuple(module.__name__ for module in (modules.batchnorm, modules.instancenorm, modules.normalization))
_OF_BASE, _OWN = "the base's", "replaced or added"
_METHOD = {
    "upstream": "as upstream prints: thop, which counts modules, on an image of one stride, times the area",
    "true": "what torch dispatches at the real size: convolutions, matrix products and attention, 2 per multiply-add",
}

RULES = Rules(asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare upstream's GFLOPs (thop) with those that torch dispatches at the real image size; see `flopcount`."""
    figures = {"model": _figures(subject, subject.model, subject.data)}
    if subject.base is not None:
        figures["base"] = _figures(subject, subject.base, subject.base_data)
    for name, figure in figures.items():
        subject.facts.setdefault(name, {}).update(figure.facts())
    return _finding(subject, figures)


def _finding(subject: Subject, figures: Mapping[str, _Figures]) -> Finding:
    evidence: dict[str, Any] = {"imgsz": subject.imgsz}
    evidence |= {name: figure.evidence() for name, figure in figures.items()}
    model = figures["model"]
    if find_spec("thop") is None:
        return skipped(
            f"upstream prints no GFLOPs, because thop is not installed here; the true figure is {model.true:.2f}",
            "install ultralytics-thop to compare upstream's figure with it",
            **evidence,
        )
    if model.upstream is None:
        return warned(
            f"upstream prints no GFLOPs for this model; the true figure is {model.true:.2f}",
            f"its counter gave up{model.thop.reason()}: cite the true figure",
            **evidence,
        )
    excess = model.excess(model.upstream)
    numbers = f"upstream prints {model.upstream:.1f} GFLOPs, the true figure is {model.true:.2f} ({excess:+.1%})"
    base = _base_figures(figures.get("base"))
    if abs(excess) <= SAME_FLOPS:
        return passed(f"{numbers}{base}", method=_METHOD, **evidence)
    differences = _differences(subject, model)
    usual, others = _apart(differences)
    if abs(excess - usual) <= SAME_FLOPS:
        return passed(
            f"{numbers}: {_usual_parts(subject, differences)} make {usual:+.1%}{base}",
            method=_METHOD,
            why=_shown(differences),
            **evidence,
        )
    main = _main_difference(others, excess - usual)
    without = f", or {excess - usual:+.1%} without {_usual_parts(subject, differences)}" if main and usual else ""
    return warned(
        f"{numbers}{without}{main or _main_difference(differences, excess)}{base}",
        "cite the true figure, or both and how each was counted",
        method=_METHOD,
        why=_shown(differences),
        **evidence,
    )


def _shown(differences: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in differences if abs(row["share"]) >= _LEAST_SHARE][:_SHOWN]


def _apart(differences: Sequence[Mapping[str, Any]]) -> tuple[float, list[Mapping[str, Any]]]:
    """Return the share that is no replaced layer's doing, and the differences that are."""
    usual = [row for row in differences if row["why"] == _NO_WEIGHTS or row["layers"] == _OF_BASE]
    return sum(row["share"] for row in usual), [row for row in differences if row not in usual]


def _usual_parts(subject: Subject, differences: Sequence[Mapping[str, Any]]) -> str:
    """Return what upstream counts wrongly in every model, and in the base; by name what is no norm and multiplies none.

    An activation with parameters is such a part: upstream counts it as it counts norms.
    """
    usual = "norms and the like" if subject.base is None else "norms and the base's own layers"
    rows = [row for row in differences if row["why"] == _NO_WEIGHTS and abs(row["share"]) >= _LEAST_SHARE]
    parts = [type(subject.model.get_submodule(row["first"])) for row in rows]
    named = dict.fromkeys(part.__name__ for part in parts if not part.__module__.startswith(_NORM_MODULES))
    return f"{', '.join(named)}, {usual}" if named else usual


def _base_figures(base: _Figures | None) -> str:
    if base is None:
        return ""
    printed = f"{base.upstream:.1f} and " if base.upstream else ""
    return f"; for the base {printed}{base.true:.2f}"


def _figures(subject: Subject, model: UpstreamModel, data: dict[str, Any]) -> _Figures:
    """Count a model's work; upstream is asked about a new build of `data`, as it prints its figure right after one.

    A model that has run since is another one to upstream, which copies it to count: a map that a layer keeps from a
    forward with gradients cannot be copied, one from a forward without them can.
    """
    info = None
    with _listening() as thop:
        try:
            info = subject.upstream.info(subject.build(data).to(subject.device).eval(), subject.imgsz)
        except Exception as error:  # any exception of upstream's or the model's code: upstream prints nothing then
            thop.error = error
    return _Figures(info, thop, count_flops(model, image(model, subject.imgsz)), subject.imgsz)


@dataclass(frozen=True)
class _Figures:
    """One model's work for one image.

    Attributes:
        info: what upstream prints, None where it fails.
        thop: what its counter returned to it.
        flops: what torch dispatched.
        imgsz: the side of the image in pixels.
    """

    info: UpstreamInfo | None
    thop: _Thop
    flops: Flops
    imgsz: int

    @property
    def true(self) -> float:
        """The GFLOPs that torch dispatched."""
        return self.flops.total / 1e9

    @property
    def upstream(self) -> float | None:
        """The GFLOPs that upstream prints, None where it prints none."""
        return (self.info and self.info.gflops) or None

    def excess(self, printed: float) -> float:
        """Return how much upstream's figure exceeds the true one, relative to it; v6.1 prints a rounded one."""
        exact = printed if self.thop.counted is None else self.thop.counted.gflops(self.imgsz)
        agrees = round(exact, 1) == round(printed, 1)
        return (exact if agrees else printed) / self.true - 1

    def facts(self) -> dict[str, Any]:
        """Return what the report shows of the model."""
        shown = {} if self.info is None else {k: v for k, v in vars(self.info).items() if k != "gflops"}
        upstream = self.upstream and round(self.upstream, 3)
        return {**shown, "gflops": {"upstream": upstream, "true": round(self.true, 3)}}

    def evidence(self) -> dict[str, Any]:
        """Return both figures, as the evidence shows them."""
        both = dict(self.facts()["gflops"])
        if self.upstream is not None:
            both["excess"] = round(self.excess(self.upstream), 4)
        return both


@dataclass(frozen=True)
class _Counted:
    """The answer of thop: the side of the image, the multiply-adds of the model, and those of each module by name."""

    side: int
    total: float
    modules: dict[str, float]

    def factor(self, imgsz: int) -> float:
        """Return the factor by which upstream multiplies: two operations for a multiply-add, and the area."""
        return 2 * (imgsz / self.side) ** 2

    def gflops(self, imgsz: int) -> float:
        """Return upstream's figure before it is rounded for printing."""
        return self.total * self.factor(imgsz) / 1e9


@dataclass
class _Thop:
    """What thop answered upstream, the last time that it was asked, or why it failed."""

    counted: _Counted | None = None
    error: Exception | None = None

    def reason(self) -> str:
        """Return why it answered nothing, in brackets after a sentence."""
        return f" ({type(self.error).__name__}: {self.error})" if self.error else ""


@contextmanager
def _listening() -> Iterator[_Thop]:
    """Record what thop answers while upstream calls it: upstream itself keeps only one number."""
    heard = _Thop()
    if find_spec("thop") is None:
        yield heard
        return
    import thop  # type: ignore[import-untyped, unused-ignore]  # it has no types

    original = thop.profile

    def profile(model: Module, inputs: Sequence[Tensor], **options: Any) -> tuple[float, float]:
        try:
            total, parameters, tree = original(model, inputs=inputs, ret_layer_info=True, **options)
        except Exception as error:  # upstream tries another image, or gives up
            heard.error = error
            raise
        heard.counted = _Counted(inputs[0].shape[-1], total, _own_of(model, tree))
        return total, parameters

    thop.profile = profile
    try:
        yield heard
    finally:
        thop.profile = original


def _own_of(model: Module, tree: Mapping[str, Any]) -> dict[str, float]:
    """Return the multiply-adds of each module without those of its children, by the first of its names."""
    own: dict[str, float] = {}
    _sum_of(model, tree, "", own, set())
    return own


def _sum_of(holder: Module, tree: Mapping[str, Any], prefix: str, own: dict[str, float], seen: set[Module]) -> float:
    """Return the multiply-adds of the children that were not seen before, and put what each has of its own into `own`.

    The counter, too, leaves out of a module's sum what it has met in another: a part that several share.
    """
    added = 0.0
    for name, (total, _, children) in tree.items():
        child = getattr(holder, name)
        inner = _sum_of(child, children, f"{prefix}{name}.", own, seen)
        if child not in seen:
            seen.add(child)
            own[prefix + name] = total - inner
            added += total
    return added


# Which modules make the difference


@dataclass
class _Row:
    """The modules of one class that upstream counts, or that it does not count, and their GFLOPs by both counts.

    Attributes:
        modules: their names.
        upstream, true: the GFLOPs by upstream's count and by the true one.
        small: the true FLOPs for the counter's small image.
    """

    modules: list[str] = field(default_factory=list)
    upstream: float = 0.0
    true: float = 0.0
    small: float = 0.0


def _differences(subject: Subject, figures: _Figures) -> list[dict[str, Any]]:
    """Return where upstream's count differs from the true one, by class of module; the largest difference first."""
    model, counted = subject.model, figures.thop.counted
    if counted is None:
        return []
    rows: dict[tuple[str, str, bool], _Row] = {}
    factor = counted.factor(figures.imgsz) / 1e9
    for part in _parts(model, figures.flops, counted):
        layers = _OWN if subject.is_replaced(part.module) else _OF_BASE
        row = rows.setdefault((_label(model, part.module), layers, part.is_counted), _Row())
        if part.module not in row.modules[-1:]:
            row.modules.append(part.module)
        row.upstream += part.counted * factor
        row.true += part.true / 1e9
        row.small += part.small
    listed = [
        {"class": label, "layers": layers, **_row_evidence(is_counted, row, figures.true)}
        for (label, layers, is_counted), row in rows.items()
    ]
    return sorted(listed, key=lambda row: -abs(row["share"]))


class _Part(NamedTuple):
    """A module's own work: whether upstream counts it, the multiply-adds that it counted, and the true FLOPs.

    `small` are the true FLOPs for the counter's small image.
    """

    module: str
    is_counted: bool
    counted: float
    true: float
    small: float


def _parts(model: UpstreamModel, flops: Flops, counted: _Counted) -> Iterator[_Part]:
    small = count_flops(model, image(model, counted.side))
    share = _share_of_products(small, counted)
    for name, _ in model.named_modules():
        true, at_small = flops.own.get(name, {}), small.own.get(name, {})
        if counted.modules.get(name):
            yield _Part(name, True, counted.modules[name], sum(true.values()), sum(at_small.values()))
            continue
        products = at_small.get(PRODUCT, 0) / 2 * share
        if true.get(CONVOLUTION):
            yield _Part(name, False, 0.0, true[CONVOLUTION], at_small.get(CONVOLUTION, 0))
        if true.get(PRODUCT):
            yield _Part(name, bool(products), products, true[PRODUCT], at_small.get(PRODUCT, 0))


def _share_of_products(small: Flops, counted: _Counted) -> float:
    """Return the share of the matrix products outside counted modules that thop counted.

    Newer thop counts products that are called as functions, as one sum for the whole model; older thop does not.
    """
    functions = counted.total - sum(counted.modules.values())
    done = sum(own.get(PRODUCT, 0) / 2 for name, own in small.own.items() if not counted.modules.get(name))
    return min(functions / done, 1.0) if done else 0.0


def _label(model: UpstreamModel, name: str) -> str:
    """Return a module's class; for a class of torch's, with the class of upstream's or the user's that holds it."""
    own = type(model.get_submodule(name))
    while _is_torch(model.get_submodule(name)) and name:
        name = name.rpartition(".")[0]
    holder = type(model.get_submodule(name))
    return own.__name__ if holder is own else f"{own.__name__} in {holder.__name__}"


def _is_torch(module: Module) -> bool:
    return type(module).__module__.startswith("torch.")


def _row_evidence(is_counted: bool, row: _Row, whole: float) -> dict[str, Any]:
    return {
        "modules": len(row.modules),
        "first": row.modules[0],
        "upstream": round(row.upstream, 4),
        "true": round(row.true, 4),
        "share": round((row.upstream - row.true) / whole, 4),
        "why": _reason(is_counted, row),
    }


def _reason(is_counted: bool, row: _Row) -> str:
    """Return which shortcut of the counter makes the difference."""
    if not is_counted:
        return "it computes in functions, and the counter sees modules only" if row.small else _LARGE_ONLY
    if not row.true:
        return _SMALL_ONLY if row.small else _NO_WEIGHTS
    if row.upstream > row.true:
        return "its work does not grow with the image, but the counter multiplies it by the image's area"
    return "its work grows faster than the image's area, by which the counter multiplies"


def _main_difference(differences: Sequence[Mapping[str, Any]], excess: float) -> str:
    """Return which class makes most of the difference, to follow the numbers."""
    first = next((row for row in differences if (row["share"] > 0) == (excess > 0)), None)
    return f": {first['class']} ({first['share']:+.1%}): {first['why']}" if first else ""
