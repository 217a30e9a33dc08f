"""Every module in every pin, scale, flavor and task: the model builds, runs forward and backward, and fuses."""

import itertools

import pytest

from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.modules import FLAVORS, MODULES
from yolopatch.catalog.pins import PINS

QUESTIONS = ("passes", "fuse")
# float32 sums in another order; a fold into the wrong tensor changes outputs by a tenth and more
FUSE_TOLERANCE = 1e-4


def expected_class(module, pin, flavor, base_class):
    if base_class == "Conv":
        return module.conv if flavor == "paper" else module.bare
    return module.suffixed(base_class)


def check_only_the_intended_layers_changed(facts, base, module, pin, flavor, layers):
    """The table differs from the base's in the replaced layers alone: the head in particular is the base's."""
    assert len(facts.table) == len(base.table)
    for row, original in zip(facts.table, base.table):
        if row.index in layers:
            assert row.kind == expected_class(module, pin, flavor, original.kind)
        else:
            assert row == original


def check_runs(facts, base, module, flavor):
    passes = facts.passes
    # Pose26 has parts that only its loss reaches
    assert passes.without_gradient == base.passes.without_gradient
    if flavor == "tutorial" and module.name == "Dynamic_conv2d":
        return  # its bias is memory that nobody initialised: what comes out is anybody's guess
    assert passes.finite
    if not (flavor == "tutorial" and module.name == "RefConv"):
        # a dead layer's BatchNorm sees no variance and multiplies gradients by 1 / sqrt(eps), layer after layer
        assert passes.gradients_finite
    assert facts.fuse.difference < FUSE_TOLERANCE
    assert facts.fuse.left_unfused == ()
    if flavor == "paper":
        # the branch's BatchNorm takes this bias away again (SPConv's docstring)
        dead = [name for name in passes.zero_gradient if not name.endswith("conv1x1.bias")]
        assert dead == []


def scaled_models(always):
    """Give (pin, scale, flavor); what repeats what another one shows is left to `make test-all`."""
    for pin, scale, flavor in itertools.product(PINS, "nsmlx", FLAVORS):
        # scales change channels and repeats, which both flavors share, as both yolov5 pins share their models
        again = scale != "n" and (flavor == "tutorial" or pin == "yolov5-6.1")
        # x is l, but wider, and one l in each style shows what depth does
        again = again or scale not in always
        # from m on, C3k2 is made of C3k; the other families' m is s, but deeper and wider
        again = again or (scale == "m" and PINS[pin].block != "C3k2")
        yield pytest.param(pin, scale, flavor, marks=[pytest.mark.slow] if again else [])


def check_every_module(pin, scale, flavor, block, probe, base_cfg, module_cfg):
    model = PINS[pin].model
    rendered = [module_cfg(module, model, scale, flavor, block=block) for module in MODULES]
    base, *models = probe(pin, flavor, scale, [base_cfg(model, scale), *(path for path, _ in rendered)], QUESTIONS)
    for module, (_, layers), facts in zip(MODULES.values(), rendered, models, strict=True):
        check_only_the_intended_layers_changed(facts, base, module, PINS[pin], flavor, layers)
        check_runs(facts, base, module, flavor)


@pytest.mark.parametrize(("pin", "scale", "flavor"), scaled_models("nsm"))
def test_each_module_at_its_own_layers(pin, scale, flavor, probe, base_cfg, module_cfg):
    check_every_module(pin, scale, flavor, False, probe, base_cfg, module_cfg)


@pytest.mark.parametrize(("pin", "scale", "flavor"), scaled_models("n"))
def test_each_module_inside_the_familys_blocks(pin, scale, flavor, probe, base_cfg, module_cfg):
    check_every_module(pin, scale, flavor, True, probe, base_cfg, module_cfg)


def task_models():
    """Give (pin, flavor, task, modules with their places): two in each, in turn; `make test-all` takes every one."""
    everything = [(name, block) for name in MODULES for block in (False, True)]
    asked = [(pin, task) for pin in PINS for family, task in VARIANTS if family == PINS[pin].model]
    for turn, (pin, task) in enumerate((pin, task) for pin, task in asked if task != "detect"):
        some = [everything[(3 * turn + step) % len(everything)] for step in (0, 5)]
        yield pytest.param(pin, "paper", task, some, id=f"{pin}-{task}-some")
        for flavor in FLAVORS:
            yield pytest.param(pin, flavor, task, everything, marks=pytest.mark.slow, id=f"{pin}-{task}-{flavor}")


@pytest.mark.parametrize(("pin", "flavor", "task", "placed"), task_models())
def test_modules_in_the_models_of_the_other_tasks(pin, flavor, task, placed, probe, base_cfg, module_cfg):
    model = PINS[pin].model
    rendered = [module_cfg(name, model, "n", flavor, block=block, task=task) for name, block in placed]
    base, *models = probe(pin, flavor, "n", [base_cfg(model, "n", task), *(path for path, _ in rendered)], QUESTIONS)
    for (name, _), (_, layers), facts in zip(placed, rendered, models, strict=True):
        check_only_the_intended_layers_changed(facts, base, MODULES[name], PINS[pin], flavor, layers)
        check_runs(facts, base, MODULES[name], flavor)


def test_the_tutorials_refconv_is_dead_as_measured(probe, module_cfg):
    """yolo26n-RefConv: 259 parameter tensors, 2,564,240 of 2,571,320 parameters, get a zero gradient."""
    path, _ = module_cfg("RefConv", "yolo26", "n", "tutorial")
    (facts,) = probe("ultralytics-8.4.0", "tutorial", "n", [path], ("passes",))
    assert facts.parameters == 2_571_320
    assert len(facts.passes.zero_gradient) >= 259


def test_the_c3k_rule_of_large_models_reaches_our_blocks(probe, module_cfg, base_cfg):
    """At scale m the base's C3k2 layers all use C3k; a C3k2_DSConv has the same parameters only if it does too."""
    path, layers = module_cfg("DSConv", "yolo11", "m", "paper")
    base, facts = probe("ultralytics-8.3.0", "paper", "m", [base_cfg("yolo11", "m"), path])
    for index in layers:
        assert facts.table[index].parameters == base.table[index].parameters
