"""A page of each command that writes one, from made-up results."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yolopatch.cli.adopt.page import Area, File, Layer, Line, ModelView, Page
from yolopatch.cli.compare.page import make_page as compare_page
from yolopatch.cli.verify.page.view import make_page as verify_page
from yolopatch.core.ablate.page.content import make_page as ablate_page
from yolopatch.core.ablate.results import FAILED
from yolopatch.core.page.languages import PageLanguage
from yolopatch.outside.page.page import render_template

from ..ablate.conftest import make_run, table_of
from ..compare.conftest import make_comparison
from ..verify.reports import one_run, two_scales

BASE = (0.380, 0.384, 0.377, 0.381, 0.379, 0.386, 0.378, 0.382)
BETTER = (0.400, 0.415, 0.387, 0.401, 0.404, 0.402, 0.398, 0.392)
HOSTILE = "<script>alert(1)</script>=1+1|\" ' & \\ {x}_%$#~^"


def ablate(language: PageLanguage | None = None, arm: str = "up") -> str:
    """Return the page of a grid of two arms, of which one run failed."""
    failed = make_run(arm, 8, 0.1, status=FAILED, why=f"out of memory in {arm}")
    table = table_of({"base": BASE, arm: BETTER}, failed)
    return render_template("ablate.html.j2", language, page=ablate_page(table, (), "yolopatch ablate grid --table"))


def compare(language: PageLanguage | None = None) -> str:
    """Return the page of three models."""
    page = compare_page(make_comparison(), "yolopatch compare a.yaml")
    return render_template("compare.html.j2", language, page=page)


def verify(language: PageLanguage | None = None) -> str:
    """Return the page of a model at one scale."""
    return render_template("verify.html.j2", language, page=verify_page(one_run()))


def verify_scales(language: PageLanguage | None = None) -> str:
    """Return the page of a model at two scales, with a table among the evidence."""
    data = two_scales()
    widths = {number: {"asked": 64, "got": 16, "base": 16} for number in "12"}
    data["runs"][0]["checks"][0] |= {"id": "scale", "evidence": {"widths": widths}}
    return render_template("verify.html.j2", language, page=verify_page(data))


def adopt(language: PageLanguage | None = None) -> str:
    """Return the page of a fork whose model was rebuilt."""
    lines = [Line("3", "parse_model", "`GatedConv` added, in `if m in {AConv}`"), Line("", "", "a file of 3 rows")]
    file = File("ultralytics/nn/tasks.py", lines)
    layers = [
        Layer(0, "image", "Conv", "", "464", "1 × 16 × 80 × 80", "pass", "equal"),
        Layer(1, "0", "GatedConv", "Conv_Gated", "4,608 / 4,672", "1 × 32 × 40 × 40", "fail", "up to 0.1"),
    ]
    view = ModelView("model-1", "Layers of x.yaml", "x.yaml", [("built by the fork", "yes")], ["`x` differs"], layers)
    page = Page(
        title="Gated-YOLO: a fork of ultralytics 8.3.0",
        look="fail",
        headline="differs",
        facts=[("base", "ultralytics==8.3.0")],
        certainty=["219 of its 223 files are as in the fork"],
        layers=[("GatedConv", "added", "layers 1, 2", "nn/modules/gated.py:17")],
        helpers="and 1 definition that they use, in 1 file",
        helping=[file],
        paper=Area("architecture", 2, [file], [file], "and 1 more"),
        beside=[Area("loss", 1, [file], [], "")],
        rest=["2 changes without effect"],
        models=[view],
        checks=[("pass", "build", "it builds"), ("fail", "flops", "they differ")],
        files=[("a.py", "changed", "loss", "`box` is `9.0`, not `7.5`")],
        files_title="1 file",
        notes=["a note"],
        commands=["yolopatch apply"],
        command="yolopatch adopt Gated-YOLO",
    )
    return render_template("adopt.html.j2", language, page=page)


PAGES: Mapping[str, Callable[..., str]] = {
    "verify": verify,
    "verify-scales": verify_scales,
    "compare": compare,
    "ablate": ablate,
    "adopt": adopt,
}
