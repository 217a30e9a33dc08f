"""The built-in convolutions, attention and blocks, in every pin: the model builds, runs, has gradients, and fuses."""

from __future__ import annotations

import sys

import pytest

from yolopatch.catalog.built_in.attention import ATTENTION
from yolopatch.catalog.built_in.blocks import BLOCKS
from yolopatch.catalog.built_in.convolutions import CONVOLUTIONS
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.port.proof import IN_BLOCKS, Proof, judge, proof_places
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.steps.workspace.apply import apply
from yolopatch.wire.facts import Question

# float32 sums in another order; a fold into the wrong tensor changes outputs by a tenth and more
FUSE_TOLERANCE = 1e-4

BUILT_IN = (*CONVOLUTIONS, *ATTENTION, *BLOCKS)
# often, one of each kind in each family's blocks
OFTEN = {
    "ultralytics-8.2.50": ("AKConv", "HWD", "RCSOSA"),
    "ultralytics-8.3.0": ("GSConv", "EMA", "MDCR"),
    "yolov5-pypi-6.1.0": ("PConv", "SPDConv", "VoVGSCSP"),
}


def asked_models():
    """Give (pin, scale, modules)."""
    for pin, names in OFTEN.items():
        yield pytest.param(pin, "n", [MODULES[name] for name in names], id=f"{pin}-often")
    for pin in PINS:
        for scale in "nsmlx":
            yield pytest.param(pin, scale, BUILT_IN, id=f"{pin}-{scale}", marks=pytest.mark.slow)


@pytest.fixture
def facts(tmp_path, cache, need_pin, compat_option):
    """Build YAMLs in a workspace that has these modules, in one child process; returns the facts about each."""

    def ask(pin, modules, files):
        need_pin(pin)
        names = [module.name for module in modules]
        mends = [COMPAT] * bool(compat_option(pin))
        made = apply(pin, names, "paper", tmp_path / "workspace", "auto", cache, fix_patches=mends)
        questions = [Question(str(file), scale, ("passes", "fuse")) for file, scale in files]
        return ask_facts(made.workspace, PINS[pin], questions, python=sys.executable, imgsz=64)

    return ask


@pytest.mark.more
@pytest.mark.parametrize(("pin", "scale", "modules"), asked_models())
def test_each_module_in_its_place(pin, scale, modules, facts, base_cfg, tmp_path):
    model = PINS[pin].model
    cases = [
        (
            Proof(module.name, "paper", where),
            RenderRequest((module.name,), model, scales=scale, block=where == IN_BLOCKS, out=tmp_path / where),
        )
        for module in modules
        for where in proof_places(module)
    ]
    files = [(base_cfg(model, scale), scale)]
    files += [(render(request, templates_dir()).files[0].path, scale) for _, request in cases]
    base, *answers = facts(pin, modules, files)
    for (proof, request), answer in zip(cases, answers, strict=True):
        (cfg,) = plan(request)
        found = judge(proof, cfg, base, answer)
        assert (found.module, found.failure) == (proof.module, "")
        assert found.layers > 0
        assert answer.fuse.difference < FUSE_TOLERANCE
        assert answer.fuse.left_unfused == (), found.module
