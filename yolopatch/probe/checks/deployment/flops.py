"""`flops`: does upstream's own figure for the work of one image say what the model really computes?"""

from contextlib import contextmanager
from importlib.util import find_spec

from ...measure.flopcount import CONVOLUTION, PRODUCT, count_flops
from ...protocol.findings import passed, skipped, warned
from ...tensors.tensors import image
from ...thresholds import SAME_FLOPS
from ..rules import Rules

_SHOWN = 8  # classes in the evidence, the largest difference first
_TOLD = 0.001  # of the true figure: what differs by less is not worth a line
_METHOD = {
    "upstream": "as upstream prints: thop, which counts modules, on an image of one stride, times the area",
    "true": "what torch dispatches at the real size: convolutions, matrix products and attention, 2 per multiply-add",
}


RULES = Rules(asks_base=False)


def check(subject):
    """Compare upstream's GFLOPs (thop) with those that torch dispatches at the real image size; see `flopcount`."""
    figures = {"model": _figures(subject, subject.model)}
    if subject.base is not None:
        figures["base"] = _figures(subject, subject.base)
    for name, figure in figures.items():
        subject.facts.setdefault(name, {}).update(figure.facts())
    return _judged(subject, figures)


def _judged(subject, figures):
    said = {name: figure.said() for name, figure in figures.items()}
    model = figures["model"]
    if find_spec("thop") is None:
        return skipped(
            f"upstream prints no GFLOPs, for thop is not installed here; the true figure is {model.true:.2f}",
            "install ultralytics-thop to see upstream's figure beside it",
            imgsz=subject.imgsz,
            **said,
        )
    if not model.upstream:
        return warned(
            f"upstream prints no GFLOPs for this model; the true figure is {model.true:.2f}",
            f"its counter gave up{model.heard.why()}: cite the true figure",
            imgsz=subject.imgsz,
            **said,
        )
    numbers = f"upstream prints {model.upstream:.1f} GFLOPs, the true figure is {model.true:.2f}"
    beside = _beside(figures.get("base"))
    if abs(model.excess) <= SAME_FLOPS:
        return passed(f"{numbers} ({model.excess:+.1%}){beside}", imgsz=subject.imgsz, method=_METHOD, **said)
    why = _why(subject.model, model, subject.imgsz)
    return warned(
        f"{numbers} ({model.excess:+.1%}){_in_words(why, model.excess)}{beside}",
        "cite the true figure, or both and how each was counted",
        imgsz=subject.imgsz,
        method=_METHOD,
        why=why[:_SHOWN],
        **said,
    )


def _beside(base):
    if base is None:
        return ""
    printed = f"{base.upstream:.1f} and " if base.upstream else ""
    return f"; for the base {printed}{base.true:.2f}"


def _figures(subject, model):
    with _listening() as heard:
        try:
            info = subject.upstream.info(model, subject.imgsz)
        except Exception as error:  # whatever upstream's or the model's code raises: it prints nothing then
            heard.error, info = error, None
    flops = count_flops(model, image(model, subject.imgsz))
    return _Figures(info, heard, flops, subject.imgsz)


class _Figures:
    """One model's work for one image, in GFLOPs.

    Attributes:
        info: what upstream printed, None where it failed.
        heard: what its counter told it.
        flops: what torch dispatched.
    """

    def __init__(self, info, heard, flops, imgsz):
        self.info, self.heard, self.flops = info, heard, flops
        self.true = flops.total / 1e9
        self.upstream = (info and info.gflops) or None
        self._imgsz = imgsz

    @property
    def excess(self):
        """How much upstream's figure exceeds the true one, relative to it; before v6.1 rounds it for its log."""
        exact = self.heard.gflops(self._imgsz)
        agrees = exact is not None and round(exact, 1) == round(self.upstream, 1)
        return (exact if agrees else self.upstream) / self.true - 1

    def facts(self):
        """What the report shows of the model."""
        shown = {} if self.info is None else {k: v for k, v in vars(self.info).items() if k != "gflops"}
        upstream = self.upstream and round(self.upstream, 3)
        return {**shown, "gflops": {"upstream": upstream, "true": round(self.true, 3)}}

    def said(self):
        """Both figures, as the evidence shows them."""
        said = dict(self.facts()["gflops"])
        if self.upstream:
            said["excess"] = round(self.excess, 4)
        return said


class _Heard:
    """What thop told upstream: the last image that it counted, its multiply-adds, and those of each module."""

    def __init__(self):
        self.side = None
        self.total = None
        self.modules = None
        self.error = None

    def why(self):
        """The reason for which it told nothing, to follow a sentence."""
        return f" ({type(self.error).__name__}: {self.error})" if self.error else ""

    def factor(self, imgsz):
        """By what upstream multiplies: two operations a multiply-add, and the area."""
        return 2 * (imgsz / self.side) ** 2

    def gflops(self, imgsz):
        """The figure before it is rounded for printing; None where nothing was heard."""
        return None if self.total is None else self.total * self.factor(imgsz) / 1e9


@contextmanager
def _listening():
    """Hear, while upstream asks thop, what thop answers: upstream itself keeps one number."""
    heard = _Heard()
    if find_spec("thop") is None:
        yield heard
        return
    import thop

    original = thop.profile

    def profile(model, inputs, **options):
        try:
            total, parameters, tree = original(model, inputs=inputs, ret_layer_info=True, **options)
        except Exception as error:  # upstream tries another image, or gives up
            heard.error = error
            raise
        heard.side, heard.total, heard.modules = inputs[0].shape[-1], total, dict(_own_of(tree))
        return total, parameters

    thop.profile = profile
    try:
        yield heard
    finally:
        thop.profile = original


def _own_of(tree, prefix=""):
    """Yield (module name, the multiply-adds that it has beside its children's)."""
    for name, (total, _, children) in tree.items():
        yield prefix + name, total - sum(child[0] for child in children.values())
        yield from _own_of(children, f"{prefix}{name}.")


def _why(model, figures, imgsz):
    """Return, by class of module, what upstream counts and what is true, where they differ; the largest first."""
    rows = {}
    small = count_flops(model, image(model, figures.heard.side))
    for name, counted, seen, true in _parts(model, figures, small):
        row = rows.setdefault((_label(model, name), counted), {"modules": {}, "upstream": 0.0, "true": 0.0})
        row["modules"][name] = None
        row["upstream"] += seen * figures.heard.factor(imgsz) / 1e9
        row["true"] += true / 1e9
    told = [_told(label, counted, row, figures.true) for (label, counted), row in rows.items()]
    return sorted((row for row in told if abs(row["share"]) >= _TOLD), key=lambda row: -abs(row["share"]))


def _parts(model, figures, small):
    """Yield (module, whether upstream counts it, multiply-adds that it counted, true flops), each module's own."""
    modules, share = figures.heard.modules, _share_of_products(small, figures.heard)
    for name, _ in model.named_modules():
        true = figures.flops.own.get(name, {})
        if modules.get(name):
            yield name, True, modules[name], sum(true.values())
            continue
        products = small.own.get(name, {}).get(PRODUCT, 0) / 2 * share
        if true.get(CONVOLUTION):
            yield name, False, 0.0, true[CONVOLUTION]
        if true.get(PRODUCT):
            yield name, bool(products), products, true[PRODUCT]


def _share_of_products(small, heard):
    """Newer thop counts matrix products called as functions, in one sum for the whole model; older ones do not."""
    functions = heard.total - sum(heard.modules.values())
    done = sum(own.get(PRODUCT, 0) / 2 for name, own in small.own.items() if not heard.modules.get(name))
    return min(functions / done, 1.0) if done else 0.0


def _label(model, name):
    """Name a module's class, and for one of torch's the class of upstream's or the user's that holds it."""
    own = type(model.get_submodule(name))
    while _is_torch(model.get_submodule(name)) and name:
        name = name.rpartition(".")[0]
    holder = type(model.get_submodule(name))
    return own.__name__ if holder is own else f"{own.__name__} in {holder.__name__}"


def _is_torch(module):
    return type(module).__module__.startswith("torch.")


def _told(label, counted, row, whole):
    return {
        "class": label,
        "modules": len(row["modules"]),
        "first": next(iter(row["modules"])),
        "upstream": round(row["upstream"], 4),
        "true": round(row["true"], 4),
        "share": round((row["upstream"] - row["true"]) / whole, 4),
        "why": _reason(counted, row),
    }


def _reason(counted, row):
    """Tell which of the counter's shortcuts makes the difference."""
    if not counted:
        return "it computes in functions of its own, and the counter sees modules only"
    if not row["true"]:
        return "the counter counts it too, though it multiplies no weights"
    if row["upstream"] > row["true"]:
        return "its work does not grow with the image, and the counter multiplies it by the image's area"
    return "its work grows faster than the image's area, by which the counter multiplies"


def _in_words(why, excess):
    """Name the class that makes most of the difference, to follow the numbers."""
    first = next((row for row in why if (row["share"] > 0) == (excess > 0)), None)
    return f": {first['class']} ({first['share']:+.1%}): {first['why']}" if first else ""
