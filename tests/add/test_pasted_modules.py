"""Files in the manners of real posts, from paste to the verdict, with no edit by hand."""

from __future__ import annotations

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.core.model.placement import PLACEMENTS
from yolopatch.steps.own.try_pins import READY, REFUSED

BY_KIND = {
    "convolution": ("ODLike", "PConvLite"),
    "layer": (
        "AsymConv", "Conv", "DSepConv", "GhostLike", "HaarDown", "InvertedMobile", "RFAConvLite", "RepDW", "ScConv",
    ),
    "down-sampler": ("ADownLite", "ContextDown", "SliceDown"),
    "block": ("C2f_Faster", "C2f_Star", "C3Wide", "C3k2_Gated"),
    "attention": (
        "BAMLike", "CoordGate", "DilateTriple", "ECALayer", "EMASE", "FreqGate", "LargeKernelAttn", "LocalPoolAttn",
        "ShuffleSA", "SimpleGate", "SpatialGateAttn", "StripPool", "TripletLite", "WinAttn", "WindowMSA",
    ),
    "join": ("BiWeightJoin", "ResizeCat", "SemanticMul", "StarCat", "TwoWayGate"),
    "up-sampler": ("DepthUp", "GridSampleUp", "ReassembleUp"),
    "pool": ("LargePool", "MeanPool", "PoolCSP"),
    "psa": ("SlotAttn",),
    "head": ("LevelGate", "LevelMix"),
    "backbone": ("NanoNet", "PatchNet"),
}  # fmt: skip
KINDS = {name: kind for kind, names in BY_KIND.items() for name in names}
# they are made of C3k2, or stand for C2PSA, which younger releases brought
ONLY_ON = {name: {"ultralytics-8.3.0", "ultralytics-8.4.0"} for name in ("C3k2_Gated", "SlotAttn")}
# what `verify` has to find wrong: with c3k, C3k2_Gated builds upstream's own C3k
FAULTS = {
    "C3k2_Gated": "inert",
    "ResizeCat": "inert",  # a Concat, where the maps have one size
    # ONNX has no Fourier transform, and pools to no size that depends on the image
    **dict.fromkeys(("FreqGate", "LocalPoolAttn", "LevelMix"), "onnx"),
}

PIN = "ultralytics-8.3.0"
QUICK = ("provenance", "build", "only-intended", "forward", "fuse", "attributes")
SHORT = ("ODLike", "InvertedMobile", "CoordGate", "C2f_Faster")


@pytest.mark.more
def test_the_files_are_those_of_the_table(all_added):
    assert set(all_added[1]) == set(KINDS)
    assert len(KINDS) >= 45


@pytest.mark.parametrize("name", KINDS)
def test_what_a_file_is_was_found_out(name, all_added):
    assert all_added[1][name].decision.kind == KINDS[name]


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("name", KINDS)
def test_a_file_becomes_a_patch_that_compiles_on_every_pin(name, pin, need_pin, all_added):
    need_pin(pin)
    (found,) = (one for one in all_added[1][name].pins if one.pin == pin)
    if pin in ONLY_ON.get(name, PINS):
        assert found.state == READY, found.why
    else:
        assert found.state == REFUSED
        assert f"which is not in {pin}" in found.why or f"which {pin} does not have" in found.why


@pytest.fixture
def workspace(pasted, tmp_path, yolopatch, need_pin, compat_option):
    """Apply modules of the shared catalog to a pin; returns the workspace."""

    def make(pin: str, names: list[str]):
        need_pin(pin)
        place = tmp_path / pin
        words = [word for name in names for word in ("--module", name)]
        ran = yolopatch("apply", "--repo", pin, *words, *compat_option(pin), "--dest", place)
        assert ran.code == 0, ran.err
        return place

    return make


@pytest.fixture
def verdict(yolopatch, tmp_path):
    """Render a module into its pin's model and verify that."""

    def ask(pin: str, name: str, place, *checks: str):
        folder = tmp_path / f"cfg-{name}"
        ran = yolopatch("render-cfg", "--module", name, "--model", PINS[pin].model, "--scale", "n", "--out", folder)
        assert ran.code == 0, ran.err
        (cfg,) = folder.glob("*.yaml")
        chosen = [word for check in checks for word in ("--check", check)]
        return yolopatch("verify", place, "--cfg", cfg, "--imgsz", "320", *chosen, "--json")

    return ask


@pytest.mark.slow
def test_some_go_to_their_verdict(workspace, verdict):
    place = workspace(PIN, list(SHORT))
    for name in SHORT:
        ran = verdict(PIN, name, place, *QUICK)
        assert (ran.code, ran.json["verdict"]) == (0, "pass"), ran.out
        assert ran.json["replaced"]


@pytest.mark.more
def test_one_goes_to_its_verdict_on_yolov5(workspace, verdict):
    pin = "yolov5-pypi-6.1.0"
    ran = verdict(pin, "ODLike", workspace(pin, ["ODLike", "RefConv"]), *QUICK)
    assert ran.json["verdict"] == "pass", ran.out


@pytest.mark.slow
@pytest.mark.parametrize("pin", PINS)
def test_every_one_goes_to_its_verdict(pin, pasted, workspace, verdict):
    names = [name for name in KINDS if pin in ONLY_ON.get(name, PINS)]
    modules = {name: pasted[name].module for name in names}
    place = workspace(pin, list(modules.values()))
    found = {}
    for name, module in modules.items():
        checks = verdict(pin, module, place).json["checks"]
        if failed := {check["id"]: check["summary"] for check in checks if check["status"] == "fail"}:
            found[name] = failed
    assert {name: list(failed) for name, failed in found.items()} == {
        name: [FAULTS[name]] for name in names if name in FAULTS
    }, found


@pytest.mark.more
def test_a_join_that_is_upstreams_own_where_it_stands_is_told_to_go_elsewhere(workspace, verdict):
    (check,) = verdict(PIN, "ResizeCat", workspace(PIN, ["ResizeCat"]), "inert").json["checks"]
    assert check["summary"].endswith("ResizeCat is the base's Concat under another name (4 such layers)")
    assert check["hint"].startswith("in these rows it gives what Concat gives: keep Concat")


def test_the_modules_are_listed_and_placed_like_ours(pasted, yolopatch):
    rows = {row["name"]: row for row in yolopatch("list", "--json").json["modules"]}
    for added in pasted.values():
        assert set(rows[added.module]["pins"]) == set(PINS)
        assert MODULES[added.module].placement in PLACEMENTS
