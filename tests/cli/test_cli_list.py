"""`yolopatch list`: what modules stand for, cost and pass; one module with its commands; and what is in the cache."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import click
import pytest

from yolopatch.catalog.costs import measured_costs
from yolopatch.catalog.kinds import KINDS, LOSS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS, WheelSource
from yolopatch.catalog.resources import manifest_file, patch_file
from yolopatch.core.text import cells_of, sha256
from yolopatch.maintain.costs.measure import CHECKS, FLAVOR, PIN
from yolopatch.outside.own.own_catalog import load_own_catalog, write_pin
from yolopatch.steps.model.measured import year_of

DOCS = Path(__file__).resolve().parents[2]
OURS = [name for name, module in MODULES.items() if module.home is None]


def test_the_overview_has_each_module_under_what_it_stands_for(yolopatch):
    lines = [click.unstyle(line) for line in yolopatch("list").out.splitlines()]
    groups = dict.fromkeys(kind.group for kind in KINDS.values())
    under, found = "", {}
    for line in lines:
        under = line if line in groups else under
        if line.startswith("  ") and line[2:].split(" ")[0] in MODULES:
            found[line.split()[0]] = (under, line.split()[1:])
    assert found.keys() == set(OURS)
    assert {name: group for name, (group, _) in found.items()} == {name: MODULES[name].role.group for name in OURS}
    year, parameters, gflops, verdict = found["SPConv"][1]
    cost = measured_costs().modules["SPConv"]
    assert (year, verdict) == ("2020", cost.verdict)
    assert parameters == f"{cost.more_parameters:+.1f}%"
    assert gflops == f"{cost.more_gflops:+.1f}%"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", ["40", "60", "80", "120"])
@pytest.mark.parametrize("what", ["modules", "DSConv", "pins"])
def test_what_is_listed_fits(what, width, language, yolopatch, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    lines = yolopatch("list", what, "--lang", language).out.splitlines()
    # a command or an address is copied: it is not broken
    told = [line for line in lines if not line.startswith("  yolopatch ") and "://" not in line]
    assert max(map(cells_of, told)) <= int(width)


@pytest.mark.parametrize("width", ["40", "60", "80", "120"])
def test_titles_of_papers_and_names_are_not_translated(width, yolopatch, monkeypatch):
    """The rest of a title, on a line of its own, reads like a message: "with Auxiliary Bounding Box"."""
    monkeypatch.setenv("COLUMNS", width)
    overview = "".join(click.unstyle(yolopatch("list", "--lang", "zh").out).split())
    for name in OURS:
        paper = "".join(MODULES[name].paper.split())
        assert paper in overview
        told = click.unstyle(yolopatch("list", name, "--lang", "zh").out)
        assert paper in "".join(told.split())
        # of one flavor as of two: what `--flavor` takes
        assert f"\n  版本      {', '.join(MODULES[name].flavors)}\n" in told


def test_json_has_what_it_had_and_the_figures(yolopatch):
    row = next(one for one in yolopatch("list", "--json").json["modules"] if one["name"] == "HWD")
    assert {"name", "kind", "classes", "paper", "tutorial", "pins"} <= row.keys()
    assert row["year"] == 2023
    measured = row["measured"]
    assert measured["pin"] == PIN
    change = (measured["parameters"] / measured["base_parameters"] - 1) * 100
    assert measured["more_parameters"] == pytest.approx(change, abs=0.005)


def test_every_module_is_measured_as_it_is_now():
    costs = measured_costs()
    assert costs.pin == PIN
    assert costs.checks == CHECKS
    assert list(costs.modules) == OURS
    for name, cost in costs.modules.items():
        assert cost.patch == sha256(patch_file(PIN, name, FLAVOR).read_bytes()), f"make costs MODULES={name}"
        assert (cost.placement == "") == (MODULES[name].kind == LOSS)


@pytest.mark.parametrize(
    ("paper", "year"),
    [
        ("A: B (CVPR 2020), arXiv 1912.03458", 2020),
        ("A: B, arXiv 2310.10563", 2023),
        ("A: in (2 of 1999 pages), B", None),
        ("mine", None),
    ],
)
def test_the_year_is_that_of_the_venue_else_of_arxiv(paper, year):
    assert year_of(paper) == year


@pytest.mark.parametrize("name", OURS)
def test_one_module_is_told_with_a_page_that_exists(name, yolopatch):
    told = yolopatch("list", name, "--json").json["module"]
    assert told["name"] == name
    assert told["kind"] in KINDS
    assert (DOCS / told["page"]).is_file()
    assert told["placement"] in (*told["placements"], *([""] if MODULES[name].kind == LOSS else []))
    assert told["commands"][0].startswith("yolopatch apply --repo ")


def test_a_module_is_found_by_its_class_and_in_any_case(yolopatch):
    told = yolopatch("list", "DSConv", "--json").json
    assert yolopatch("list", "c3k2_dsconv", "--json").json == told
    shown = yolopatch("list", "ds-conv").out
    assert "docs/modules/dsconv.md" in shown
    assert "C3k2_DSConv" in shown
    assert "all-blocks (yolo11)" in shown


@pytest.mark.more
@pytest.mark.parametrize("name", ["EMA", "WIoU", "FasterNetBlock"])
def test_the_commands_of_a_module_lead_to_a_verified_model(name, yolopatch, need_pin, tmp_path, monkeypatch):
    need_pin(PIN)
    monkeypatch.chdir(tmp_path)
    for command in yolopatch("list", name, "--json").json["module"]["commands"]:
        program, *words = shlex.split(command)
        assert program == "yolopatch"
        ran = yolopatch(*words, *(["--check", "build"] if words[0] == "verify" else []))
        assert ran.code == 0, ran.err


def test_a_wrong_name_gets_the_nearest_module_or_list(yolopatch):
    assert "did you mean DSConv or" in yolopatch("list", "DSCnv").err
    assert yolopatch("list", "nothing-like-it").code == 2


def test_pins_say_what_is_cached_and_how_large(yolopatch, need_pin, cache):
    need_pin(PIN)
    rows = {row["name"]: row for row in yolopatch("list", "pins", "--json").json["pins"]}
    assert {"name", "model", "block", "tasks", "others", "sources", "fix_patches"} <= rows[PIN].keys()
    (one,) = rows[PIN]["cached"]
    folder = cache / "pins" / f"{PIN}-{one['source']}.git"
    assert one["bytes"] == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) > 100_000
    assert f"  in the cache, from {one['source']}: {one['bytes'] / 1e6:.1f} MB" in yolopatch("list", "pins").out


def test_what_else_is_in_the_cache_is_counted(yolopatch, tmp_path, monkeypatch):
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/x.whl").write_bytes(b"0" * 2_340_000)
    shown = yolopatch("list", "pins").out
    assert "in the cache in all: 2.3 MB\n  of it other releases, wheels and environments: 2.3 MB\n" in shown
    assert yolopatch("list", "pins", "--json").json["cache"] == {"bytes": 2_340_000}


def test_an_empty_cache_is_said(yolopatch, tmp_path, monkeypatch):
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "none"))
    shown = yolopatch("list", "pins").out
    assert shown.count("not in the cache yet") == len(PINS)
    assert "in the cache in all: 0.0 MB" in shown
    assert not (tmp_path / "none").exists()


def test_a_ported_release_without_oriented_boxes_has_no_obb(yolopatch, own_catalog):
    """ultralytics has them since 8.1."""
    like = PINS["ultralytics-8.2.50"]
    lines = manifest_file(like.name).read_text("utf-8").splitlines(keepends=True)
    for version, kept in (("8.0.200", [line for line in lines if "/obb/" not in line]), ("8.1.30", lines)):
        wheel = WheelSource("ultralytics", version, "0" * 64)
        pin = replace(like, name=f"ultralytics-{version}", wheel=wheel, git=None, home=own_catalog, like=like.name)
        write_pin(pin, own_catalog, {own_catalog / "manifests" / f"{pin.name}.txt": "".join(kept).encode()})
    load_own_catalog(own_catalog)
    tasks = {row["name"]: row["tasks"] for row in yolopatch("list", "pins", "--json").json["pins"]}
    assert tasks["ultralytics-8.0.200"] == ["detect", "segment", "pose", "classify"]
    assert tasks["ultralytics-8.1.30"] == tasks[like.name] == ["detect", "segment", "pose", "obb", "classify"]
