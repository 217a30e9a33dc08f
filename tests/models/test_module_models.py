"""Every module in every pin, scale, flavor and task: the model builds, runs forward and backward, and fuses."""

import itertools

import pytest

from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.pins import PINS

from ..of_tutorials import MODULES

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


# What is asked of each pin and flavor: scales, each in the modules' own layers, in the family's blocks, or in both.
# The flavors share channels and repeats, which are all that a scale changes; both yolov5 pins share their models.
OFTEN = {(pin, flavor): [("n", False), ("n", True)] for pin in PINS for flavor in FLAVORS if pin != "yolov5-6.1"}
OFTEN["ultralytics-8.2.50", "paper"] += [("s", False)]
# from m on, C3k2 is made of C3k
OFTEN["ultralytics-8.3.0", "paper"] += [("m", False)]
OFTEN["ultralytics-8.4.0", "paper"] += [("m", False)]
# the tutorials' classes are the same text in each style of upstream: one pin of each shows what they do
for pin in ("ultralytics-8.2.50", "ultralytics-8.3.0"):
    del OFTEN[pin, "tutorial"]


RARELY = [
    ("ultralytics-8.2.50", "paper"),
    ("ultralytics-8.4.0", "paper"),
    ("ultralytics-8.4.0", "tutorial"),
    ("yolov5-pypi-6.1.0", "tutorial"),
]


def asked_models():
    """Give (pin, flavor, [(scale, block)]); in `make test-all`, every two of pin, flavor and scale meet."""
    for (pin, flavor), often in OFTEN.items():
        rarely = [pytest.mark.slow] if (pin, flavor) in RARELY else []
        yield pytest.param(pin, flavor, often, id=f"{pin}-{flavor}", marks=rarely)
    for (row, pin), (column, scale) in itertools.product(enumerate(PINS), enumerate("nsmlx")):
        flavor = FLAVORS[(row + column) % 2]
        others = [one for one in ((scale, False), (scale, True)) if one not in OFTEN.get((pin, flavor), [])]
        if others:
            yield pytest.param(pin, flavor, others, marks=pytest.mark.slow, id=f"{pin}-{flavor}-{scale}")


@pytest.mark.more
@pytest.mark.parametrize(("pin", "flavor", "asked"), asked_models())
def test_each_module_at_its_own_layers_and_in_the_familys_blocks(pin, flavor, asked, probe, base_cfg, module_cfg):
    model = PINS[pin].model
    scales = list(dict.fromkeys(scale for scale, _ in asked))
    rendered = [
        (module, scale, *module_cfg(module.name, model, scale, flavor, block=block))
        for scale, block in asked
        for module in MODULES.values()
    ]
    files = [*((base_cfg(model, scale), scale) for scale in scales), *((file, scale) for _, scale, file, _ in rendered)]
    facts = probe(pin, flavor, files, QUESTIONS)
    bases, models = dict(zip(scales, facts)), facts[len(scales) :]
    for (module, scale, _, layers), found in zip(rendered, models, strict=True):
        check_only_the_intended_layers_changed(found, bases[scale], module, PINS[pin], flavor, layers)
        check_runs(found, bases[scale], module, flavor)


TASKS_OFTEN = {
    "ultralytics-8.2.50": ("segment",),
    "ultralytics-8.3.0": ("obb",),
    "ultralytics-8.4.0": ("segment", "pose", "classify"),
}


def task_models():
    """Give (pin, flavor, task, modules with their places): often, two modules in each; in `make test-all`, every one.

    Every pin, every task and every module are built in every run of the tests, and not all of their combinations.
    """
    everything = [(name, block) for name in MODULES for block in (False, True)]
    asked = [(pin, task) for pin in PINS for family, task in VARIANTS if family == PINS[pin].model]
    for turn, (pin, task) in enumerate((pin, task) for pin, task in asked if task != "detect"):
        some = [everything[(3 * turn + step) % len(everything)] for step in (0, 5)]
        if task in TASKS_OFTEN.get(pin, ()):
            yield pytest.param(pin, "paper", task, some, id=f"{pin}-{task}-some")
        flavor = FLAVORS[turn % 2]
        yield pytest.param(pin, flavor, task, everything, marks=pytest.mark.slow, id=f"{pin}-{task}-{flavor}")


@pytest.mark.more
@pytest.mark.parametrize(("pin", "flavor", "task", "placed"), task_models())
def test_modules_in_the_models_of_the_other_tasks(pin, flavor, task, placed, probe, base_cfg, module_cfg):
    model = PINS[pin].model
    rendered = [module_cfg(name, model, "n", flavor, block=block, task=task) for name, block in placed]
    files = [base_cfg(model, "n", task), *(path for path, _ in rendered)]
    base, *models = probe(pin, flavor, [(file, "n") for file in files], QUESTIONS)
    for (name, _), (_, layers), facts in zip(placed, rendered, models, strict=True):
        check_only_the_intended_layers_changed(facts, base, MODULES[name], PINS[pin], flavor, layers)
        check_runs(facts, base, MODULES[name], flavor)


def test_the_tutorials_refconv_is_dead_as_measured(probe, module_cfg):
    """yolo26n-RefConv: 259 parameter tensors, 2,564,240 of 2,571,320 parameters, get a zero gradient."""
    path, _ = module_cfg("RefConv", "yolo26", "n", "tutorial")
    (facts,) = probe("ultralytics-8.4.0", "tutorial", [(path, "n")], ("passes",))
    assert facts.parameters == 2_571_320
    assert len(facts.passes.zero_gradient) >= 259


@pytest.mark.more
def test_the_c3k_rule_of_large_models_reaches_our_blocks(probe, module_cfg, base_cfg):
    """At scale m the base's C3k2 layers all use C3k; a C3k2_DSConv has the same parameters only if it does too."""
    path, layers = module_cfg("DSConv", "yolo11", "m", "paper")
    base, facts = probe("ultralytics-8.3.0", "paper", [(base_cfg("yolo11", "m"), "m"), (path, "m")])
    for index in layers:
        assert facts.table[index].parameters == base.table[index].parameters
