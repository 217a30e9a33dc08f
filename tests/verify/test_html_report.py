"""The HTML report: what it shows, that it needs no other file, and that no text from a model becomes markup."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from yolopatch.catalog.resources import templates_dir
from yolopatch.cli.verify.html import render_page, write_report
from yolopatch.cli.verify.page import figures
from yolopatch.cli.verify.page.evidence import MOST_ITEMS, show
from yolopatch.errors import YolopatchError
from yolopatch.wire.checks import CHECKS

from .reports import make_check, one_run, two_scales

_VOID = {"meta", "link", "img", "br", "hr", "input"}
_EVIL = "<script>alert(1)</script><img src=x onerror=y>\" ' & \x1b[31m\u202e\ud800"


class _Parsed(HTMLParser):
    """The page as a browser reads it: its tags in order, its text, and whether they are balanced."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.errors, self.pieces = [], [], [], []
        self.feed(page)
        self.close()
        self.errors += [f"<{tag}> is never closed" for tag in self.open]
        self.text = " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if not {"style", "script"} & {*self.open}:
            self.pieces.append(data)

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def of_class(self, name):
        return [tag for tag, attrs in self.tags if name in attrs.get("class", "").split()]


@pytest.fixture
def one():
    """A run with a failure, a warning, a skipped check and a pass."""
    return one_run()


@pytest.fixture
def failed_build(one):
    """A run whose model does not build: nothing was counted, and there is no base."""
    nothing = dict.fromkeys(
        ("task", "layers", "parameters", "gradients", "latency_ms", "latency_fused_ms", "fps", "base")
    )
    checks = [
        make_check("build", "fail", "layer 3 does not build", "mend layer 3"),
        make_check("forward", "skip", "no model"),
    ]
    return {**one, **nothing, "gflops": {"upstream": None, "true": None}, "table": [], "checks": checks}


@pytest.fixture
def every_scale():
    """A run at two scales, of which one passes."""
    return two_scales()


@pytest.fixture(params=["one", "failed_build", "every_scale", "nothing", "no_runs"])
def data(request):
    """Each kind of data that there is."""
    if request.param == "nothing":
        return {}
    if request.param == "no_runs":
        return {"runs": []}
    return request.getfixturevalue(request.param)


def _read(data):
    return _Parsed(render_page(data))


def test_tags_are_balanced_and_ids_unique(data):
    page = _read(data)
    assert page.errors == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_anywhere(data):
    text = render_page(data)
    page = _Parsed(text)
    assert not {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base"}
    assert page.attributes("src") == []
    assert all(target.startswith("#") for target in page.attributes("href"))
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in "".join(page.attributes("content"))


def test_every_link_leads_somewhere(data):
    page = _read(data)
    assert {target[1:] for target in page.attributes("href")} <= set(page.attributes("id"))


def test_is_accessible(data):
    page = _read(data)
    assert ("html", {"lang": "en"}) in page.tags
    assert [tag for tag, _ in page.tags].count("title") == 1
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_says_the_verdict_in_words_and_what_was_run(one):
    page = _read(one)
    for told in ("Failed", "1 of 4 checks failed", "yolo26n-RefConv.yaml", "scale n", "ultralytics-8.4.0"):
        assert told in page.text
    for told in ("5f0c7d1e9b2a4466c1d3d8fe0b1f6d2a7c9e1342", "RefConv (tutorial)", "yolopatch 0.2.0"):
        assert told in page.text
    for told in ("Python 3.11.9", "torch 2.3.1+cpu", "threads 2", "date 2026-11-22 14:05:00 UTC"):
        assert told in page.text
    assert "--cfg '/home/ana/my work/yolo26n-RefConv.yaml' \\ --scale n \\ --imgsz 640" in page.text


def test_names_the_fix_patches_of_the_workspace_where_it_has_some(one):
    one |= {"compat": False, "seeds": False}
    assert "fixes" not in _read(one).text
    one["seeds"] = True
    told = "fixes seed patch: the seed reaches the workers that load images"
    assert _read(one).text.count(told) == 2, "beside the modules, and in the details"


def test_shows_every_check_with_status_summary_seconds_and_evidence(one):
    page = _read(one)
    for check, word in zip(one["checks"], ("passed", "warning", "failed", "skipped")):
        assert f"{word} {check['id']} 1.25 s {check['summary']}" in page.text
        for name, value in check["evidence"].items():
            assert f"{name} {value}" in page.text


def test_says_of_every_check_what_it_means(one):
    one["checks"] = [make_check(check.id, "pass") for check in CHECKS]
    text = _read(one).text
    assert all(f"It means: {check.means}" in text for check in CHECKS)
    one["checks"][0]["status"] = "fail"
    assert f"If it passed: {CHECKS[0].means}" in _read(one).text, "a failed check proves nothing"


def test_a_part_of_the_checks_is_not_taken_for_all(one, every_scale):
    assert "checks were run" not in _read(one).text
    one["ran"] = {"checks": 4, "of": 23}
    assert _read(one).text.count("4 of 23 checks were run") == 2, "beside the verdict, and above the checks"
    one["ran"] = {"checks": 23, "of": 23}
    assert "checks were run" not in _read(one).text
    for run in every_scale["runs"]:
        run["ran"] = {"checks": 1, "of": 23}
    assert "1 of 2 scales failed: n; 1 of 23 checks was run" in _read(every_scale).text


def test_evidence_is_told_in_words_with_units(one):
    found = {
        "norms_in_replaced_layers": 47,
        "largest_by_layer": {"19": 1.74e-06, "6": 0.0123},
        "left_unfused": [f"model.{n}.bn" for n in range(20)],
        "left_unfused_count": 31,
    }
    one["checks"] = [
        make_check("fuse", **found),
        make_check("forward", trials={"2 x 3 x 96 x 160": "ok", "train": "ok"}),
        make_check("build", arguments={"2": {"class": "Conv", "passed": {"c_in": 32, "k": [3, 3], "act": True}}}),
        make_check("scale", table=[0.5, 0.25, 1024], widths={n: {"asked": 64, "got": 16, "base": 16} for n in "12"}),
        make_check("provenance", own_commits={"count": 25, "first": ["abc Mine"]}, note=""),
        make_check("latency", model={"latency_ms": {"median": 9.5, "low": 9, "high": 12}, "fps": {"as_built": 105.3}}),
        make_check("learns", losses=[3.1, "nan"], least_learnt=0.03),
        make_check("only-intended", consequences={"count": 0, "first": []}, missing={"count": 0, "first": []}),
        make_check("flops", "warn", "", "", model={"upstream": 6.61, "true": 120.4, "excess": -0.011}),
    ]
    text = _read(one).text
    for told in (
        "BatchNorms in replaced layers 47",
        "largest differences by layer layer 19: 1.7e-06, layer 6: 1.23%",
        "the first 20 of 31",
        "2 images of 96 × 160 px ok",
        "layer 2 Conv, with c_in: 32, k: [3, 3], act: yes",
        "depth 0.5, width 0.25, at most 1024 channels",
        "in the row built built in the base layer 1 64 16 16",
        "your own commits abc Mine the first 1 of 25",
        "as built 9.50 ms 9.00 ms 12.0 ms 105.3",
        "loss before each step, and after the last 3.10, nan",
        "the loss must fall by at least 3%",
        "upstream's figure 6.61 GFLOPs true figure 120 GFLOPs upstream's figure exceeds it by -1.1%",
    ):
        assert told in text
    assert "layers of the base that are missing none" in text
    assert "what follows from a replaced layer" not in text, "there is nothing to tell"
    assert not re.search(r"\b(?:left_unfused|by_layer|own_commits|least_learnt|latency_ms)\b|None|act: True", text)


def test_a_key_that_has_no_words_is_still_no_key(one):
    one["checks"] = [make_check("fuse", left_over_things={"a_b": 1, "c_d": "x"})]
    assert "left over things a b 1 c d x" in _read(one).text


def test_every_cell_of_a_table_can_stand_alone_on_a_narrow_page(one):
    one["checks"] = [make_check("scale", widths={n: {"asked": 64, "got": 16, "base": 16} for n in "12"})]
    page = _read(one)
    names = [attrs.get("data-name") for tag, attrs in page.tags if tag == "td" and attrs.get("role") == "cell"]
    assert names[-4:] == [None, "in the row", "built", "built in the base"], "the first cell names the row"
    assert "overflow-x" not in render_page(one), "nothing is hidden behind a scroll bar"


def test_failures_come_before_warnings_with_their_hints(one):
    text = _read(one).text
    findings = text[text.index("Failures and warnings") : text.index("Compared with the base model")]
    assert findings.index("Next: look at layer 1") < findings.index("Next: cite the true figure")
    assert "provenance" not in findings


def test_says_how_to_do_it_again(one):
    one["asked"] = {"base": "my base.yaml", "check": ["build", "flops"], "device": "cpu"}
    page = render_page(one)
    assert "--base &#39;my base.yaml&#39;" in page
    assert "--check build" in page
    assert "selected: build, flops" in page


def test_compares_with_the_base(one):
    text = _read(one).text
    assert "Parameters −0.04% this model 2,571,320 base 2,572,280" in text
    assert "GFLOPs as upstream prints thop +33.5%" in text
    assert "Latency, as built" in text
    assert "this model 48.0 ms (46.9 to 52.2) base 40.0 ms (39.0 to 41.0)" in text
    assert "Latency, fused" in text
    assert "this model 32.0 ms (31.0 to 33.0) base 25.0 ms (24.0 to 26.0)" in text
    assert "Images per second (FPS), fused one at a time" in text
    assert "this model 31.2 base 40.0" in text
    assert "+20.0%" in text


def test_marks_replaced_layers_beside_the_bases(one):
    page = _read(one)
    assert page.of_class("replaced") == ["tr"]
    assert "1 -1 RefConv replaces Conv 4,608 4,672 −64" in page.text
    assert "2 -1, 0 Concat 0 0" in page.text
    assert "all layers 5,072 5,136 −64" in page.text


def test_tells_a_layer_that_differs_though_it_was_not_replaced(one):
    one["table"][1]["replaced"] = False
    assert "RefConv the base has Conv" in _read(one).text


def test_layers_are_compared_only_where_it_is_known_which_belong_together(one):
    one["table"].insert(0, {"index": 9, "from": -1, "class": "Focus", "parameters": 1, "replaced": True})
    assert "replaces" not in _read(one).text
    one["table"][2]["base_index"] = 1
    assert "RefConv replaces Conv" in _read(one).text


def test_text_of_the_model_never_becomes_markup(one):
    before = [tag for tag, _ in _read(one).tags]
    one["table"][1]["class"] = one["cfg"] = one["pin"] = one["modules"][0]["name"] = _EVIL
    one["run"] = dict.fromkeys(one["run"], _EVIL) | {"seconds": 31.4}
    for check in one["checks"]:
        check.update(summary=_EVIL, hint=_EVIL if check["hint"] else "")
    one["checks"][2]["evidence"] = {"dead": _EVIL, _EVIL: 1}
    page = render_page(one)
    assert sorted(tag for tag, _ in _Parsed(page).tags) == sorted(before)
    page.encode()


def test_what_cannot_be_seen_is_shown_as_its_escape(one):
    one["checks"][0]["summary"] = _EVIL
    assert r"\x1b[31m\u202e\ud800" in _read(one).text


def test_every_scale_has_its_own_part(every_scale):
    page = _read(every_scale)
    for told in ("scales n, s", "1 of 2 scales failed: n", "Scale n failed", "Scale s passed", "--all-scales"):
        assert told in page.text
    assert "gradient-flow failed not run" in page.text
    assert {"scale-n-provenance", "scale-s-provenance"} <= set(page.attributes("id"))
    assert "duration 63 s" in page.text


def test_a_model_that_does_not_build_has_no_figures(failed_build):
    page = _read(failed_build)
    assert "layer 3 does not build" in page.text
    assert "No layer table" in page.text
    assert "parameters not measured" in page.text
    assert "Compared with the base model" not in page.text


def test_without_a_base_the_models_own_figures_are_shown(one):
    one["base"] = None
    one["gflops"] = {"upstream": None, "true": 6.09}
    one |= dict.fromkeys(("latency_ms", "latency_fused_ms", "fps"))
    text = _read(one).text
    assert "There is no base model to compare with" in text
    assert "True GFLOPs torch dispatcher this model 6.09" in text
    assert "GFLOPs, upstream not measured" in text
    assert "Latency" not in text


def test_any_key_may_be_missing(one):
    for key in one:
        _read({name: value for name, value in one.items() if name != key})
        _read({**one, key: None})


@pytest.mark.parametrize(
    ("given", "statuses", "verdict"),
    [
        ("pass", ["pass", "warn", "skip"], "Passed"),
        (None, ["pass"], "Passed"),
        ("pass", ["pass", "fail"], "Failed"),
        ("fail", ["pass"], "Failed"),
        (None, [], "Failed"),
    ],
)
def test_never_passes_by_default(one, given, statuses, verdict):
    checks = [make_check(f"check-{number}", status) for number, status in enumerate(statuses)]
    assert f"{verdict}: yolo26n-RefConv.yaml" in _read({**one, "verdict": given, "checks": checks}).text


def test_evidence_is_cut_and_says_so():
    shown = show(list(range(1000)))
    assert shown.left_out == f"the first {MOST_ITEMS} of 1,000"
    assert show("x" * 100_000).left_out == "the first 4,000 of 100,000 characters"
    assert show({f"model.{n}": n for n in range(1000)}).left_out == f"the first {MOST_ITEMS} of 1,000"
    assert show({str(n): n for n in range(1000)}).left_out == "the first 40 of 1,000"
    assert show("line\n" * 1000).left_out == "the last 60 of 1,000 lines"


def test_evidence_has_the_form_that_reads_best():
    assert show([1, 2.5, "a"]).text == "1, 2.5, a"
    assert show([[1, 3, 128, 128]]).text == "1 × 3 × 128 × 128"
    assert show([[0.5, 2], []]).text == "(0.5, 2), none"
    assert show([{"layer": 1, "built": 64}, {"layer": 3, "built": 128}]).columns == ("layer", "built")
    assert show(["Traceback:\n", "  line 1\n"]).kind == "block"
    assert show({"a": {"b": 1}}).kind == "pairs"
    assert show({"model": {"true": 6.1}, "base": {"true": 6.0}}).columns == ("", "true")
    assert show({"model": {"traceback": ["a\n", "b\n"]}, "base": {"traceback": ["c\n"]}}).kind == "pairs"
    assert show({"1": 3, "14": 0.5}).text == "1: 3, 14: 0.5"
    assert show([]).text == show(None).text == "none"
    assert show(True).text == "yes"
    assert show(2_571_320).text == "2,571,320"
    assert show(float("nan")).text == "nan"


def test_deep_evidence_ends():
    value = {"leaf": 1}
    for _ in range(50):
        value = {"a": [value]}
    assert "more levels of this are in the output of --json" in repr(show(value))


@pytest.mark.parametrize(
    ("value", "base", "told"),
    [
        (110, 100, "+10.0%"),
        (99.9, 100, "−0.10%"),
        (1, 1, "same"),
        (1.00001, 1, "under 0.01%"),
        (1, 0, ""),
        (1, None, ""),
    ],
)
def test_change_in_per_cent(value, base, told):
    assert figures.change(value, base) == told


def test_writes_the_file_and_leaves_nothing_else(one, tmp_path):
    file = tmp_path / ("r" * 240 + ".html")
    file.write_text("old")
    write_report(one, file)
    assert file.read_text(encoding="utf-8") == render_page(one)
    assert os.listdir(tmp_path) == [file.name]


def test_an_interrupted_write_leaves_the_old_report(one, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    file = tmp_path / "report.html"
    file.write_text("old")
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(one, file)
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("nowhere/a report.html", "mkdir -p"),
        ("folder", "name a file in it"),
        ("file/report.html", "choose another file"),
    ],
)
def test_says_what_to_do_where_it_cannot_be_written(one, tmp_path, name, step):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(YolopatchError, match="cannot write the report") as caught:
        write_report(one, tmp_path / name)
    assert step in caught.value.hint
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


_PAIRS = [(ink, back) for ink in ("ink", "soft", "link") for back in ("page", "raised")] + [
    *[(status, f"{status}-back") for status in ("pass", "warn", "fail", "skip")],
    *[(status, "page") for status in ("pass", "warn", "fail", "skip")],
    *[("ink", "pass-back"), ("ink", "fail-back"), ("ink", "own-back"), ("link", "own-back"), ("warn", "own-back")],
]


def _schemes():
    sheets = [(templates_dir() / "report" / name).read_text(encoding="utf-8") for name in ("style.css", "dark.css")]
    blocks = [re.search(r":root \{(.*?)\}", sheet, re.DOTALL)[1] for sheet in sheets]
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    assert colours[0].keys() == colours[1].keys()
    return colours


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize(("ink", "back"), _PAIRS)
def test_text_stands_out_in_light_and_dark(ink, back):
    for scheme in _schemes():
        dark, light = sorted((_luminance(scheme[ink]), _luminance(scheme[back])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5
