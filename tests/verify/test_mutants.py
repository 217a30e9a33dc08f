"""Proof that the checks can fail: mistakes that people make, each caught by the check that should catch it.

`mutants/` holds one small module for each mistake, all in one workspace; each stands in one layer of YOLO11n.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from yolopatch.wire.statuses import FAIL, PASS, WARN

from .conftest import PIN

MUTANTS, SOUND = (Path(__file__).parent / name for name in ("mutants", "sound"))
LAYER = 3  # a Conv of stride 2, with blocks before and after it

# the mistake: the check that must fail, and a word of what it must say
CAUGHT = {
    "attribute_f": ("attributes", "AttributeF"),
    "attribute_type": ("attributes", "AttributeType"),
    "batch_softmax": ("batch-independence", "layer 3"),
    "batch_statistics": ("batch-independence", "layer 3"),
    "call_counter": ("determinism", ""),
    "constant_gate": ("input-dependence", "layer 3"),
    "data_in_forward": ("gradient-flow", "model.3.conv.weight"),
    "dead_relu": ("input-dependence", "layer 3"),
    "detached_branch": ("gradient-flow", "model.3.attention.1.weight"),
    "eternal_dropout": ("determinism", ""),
    "fixed_dtype": ("precision", "autocast"),
    "fourier": ("onnx", "fft"),
    "frozen_branch": ("torchscript", ""),
    "hard_coded_cpu": ("init", "CPU"),
    "hard_sign": ("gradient-flow", "model.3.conv.weight"),
    "hard_coded_size": ("build", "layer 3"),
    "hidden_branches": ("checkpoint", "HiddenBranches"),
    "ignored_parameter": ("gradient-flow", "model.3.scale"),
    "infinite_gradient": ("learns", "nan"),
    "kept_output": ("checkpoint", "deepcopy"),
    "lambda_attribute": ("checkpoint", "pickle"),
    "leaf_in_place": ("build", "layer 3"),
    "no_grad_forward": ("gradient-flow", "model.3.branch.weight"),
    "overflowing": ("forward", "finite"),
    "plain_convolution": ("inert", "plain convolution"),
    "plain_tensor": ("init", "scale"),
    "pooled_norm": ("build", "more than 1 value"),
    "python_randomness": ("determinism", ""),
    "renamed_conv": ("inert", "another name"),
    "sized_buffer": ("checkpoint", "model.3.grid"),
    "square_only": ("forward", "model.3"),
    "unread_buffer": ("inert", "mask"),
    "unsafe_half": ("precision", "float16"),
    "zero_pair": ("gradient-flow", "stand in series, at layer 3 (ZeroPair)"),
    "nothing_in_eval": ("forward", "layer 3 (NothingInEval) returns nothing (None) in eval"),
    "pair_returned": ("build", "layer 3 (PairReturned) returns a tuple"),
    "no_units": ("build", "c2 // reduction is 64 // 256, so 0"),
    "no_groups": ("build", "c1 // 128 is 64 // 128, so 0"),
    "float_in_half": ("precision", "model.3 (FloatInHalf), block.py"),
    "norm_in_fused": ("fuse", "uses self.bn, which upstream's fuse() has deleted"),
    "weight_normed": ("checkpoint", "model.3.conv.weight is computed from parameters and kept by WeightNorm"),
    "unsaid_fuse": ("fuse", "layer 3"),
    "unscaled": ("scale", "layer 3"),
    "unseeded_constructor": ("init", "scale"),
    "uninitialised": ("init", "bias"),
    "wrong_padding": ("build", ""),
    "zero_buffer": ("input-dependence", "layer 3"),
    "list_returned": ("build", "layer 3 (ListReturned) returns a list"),
    "dict_returned": ("build", "layer 3 (DictReturned) returns a dict"),
    "double_constant": ("build", "layer 3"),
    "hard_coded_gpu": ("build", "layer 3"),
    "extended_conv": ("fuse", "layer 3 (ExtendedConv)"),
    "head_from_nothing": ("head", "strides are 0, 0, 0, but its maps are reduced by 8, 16, 32"),
    "head_of_one_stride": ("head", "strides are 8, 8, 8, but its maps are reduced by 8, 16, 32"),
}
# what a check only warns of: upstream's own mistakes, and what its trainer does
WARNED = {
    "functional_convolution": ("flops", f"model.{LAYER}"),
    "seeded_constructor": ("seeds", f"two seeds give layer {LAYER + 1} (C3k2) the same weights"),
    "frozen_filters": ("trainer-setup", "model.3.filters"),
    "word_in_row": ("build", "was given a dict for 'd': the word is a variable of upstream's parse_model"),
    "dfl_named": ("trainer-setup", "model.3.dflow.conv.weight"),
    "in_place_input": ("forward", "layer 5 (InPlaceInput) changes its input in place, which layer 15 (Concat) reads"),
    "head_without_biases": ("head", "biases were not initialised"),
}
# where a module stands, if not in LAYER: behind a map that another layer reads, too, and as the head
HEADS = ("own_head", *(stem for stem in CAUGHT | WARNED if stem.startswith("head_")))
PLACES = {"in_place_input": 5, **dict.fromkeys(HEADS, 23)}
ROWS = {"word_in_row": '"d"'}  # what a module's row says after the channels, if not what the base's says
HEAD_BRANCH = "args.append([ch[x] for x in f])"

# what a check only measures, and what it must say of it
MEASURED = {"quadratic_attention": ("memory", f"layer {LAYER} (QuadraticAttention)'s: 2 x 1600 x 1600, 20.5 MB")}

# modules that are right, and a check that must not blame them
NOT_BLAMED = {
    "functional_silu": "only-intended",
    "own_function": "only-intended",
    "re_zero": "gradient-flow",
    "layer_scale": "gradient-flow",
    "zero_inside_zero": "gradient-flow",
    "depthwise_block": "fuse",
    "deformable": "gradient-flow",
    "buffered_filters": "trainer-setup",
    "dropped_path": "determinism",
    "in_place_own": "forward",
    "group_normed": "batch-independence",
    "shared_weights": "inert",
    "partial_convolution": "inert",
    "channel_gate": "onnx",
    "own_head": "head",
}


def _file(stem: str) -> Path:
    return (SOUND if stem in NOT_BLAMED else MUTANTS) / f"{stem}.py"


def _class_name(stem: str) -> str:
    classes = [node.name for node in ast.parse(_file(stem).read_text()).body if _is_public_class(node)]
    (name,) = classes
    return name


def _is_public_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and not node.name.startswith("_")


@pytest.fixture(scope="session")
def mutants(broken_workspace):
    """Give the one workspace that holds every mutant."""
    stems = (*CAUGHT, *WARNED, *MEASURED, *NOT_BLAMED)
    return lambda: broken_workspace(
        {_class_name(stem): _file(stem).read_text() for stem in stems},
        branches={
            "Unscaled": "c1, c2 = ch[f], args[0]\nargs = [c1, c2, *args[1:]]",
            **{_class_name(stem): HEAD_BRANCH for stem in HEADS},
        },
    )


@pytest.fixture
def found(mutants, broken_cfg, findings):
    """Put each mutant into YOLO11n, run the check that should catch it, and return what it found, by mutant."""

    def run(expected):
        cfgs = {stem: broken_cfg(_class_name(stem), (PLACES.get(stem, LAYER),), ROWS.get(stem)) for stem in expected}
        asked = [(cfgs[stem], "n", (check,)) for stem, check in expected.items()]
        return dict(zip(expected, (one for (one,) in findings(mutants(), PIN, asked)), strict=True))

    return run


def test_every_mutant_is_expected_somewhere():
    assert {file.stem for file in MUTANTS.glob("*.py")} == {*CAUGHT, *WARNED, *MEASURED}
    assert {file.stem for file in SOUND.glob("*.py")} == NOT_BLAMED.keys()


EVERY = {**CAUGHT, **WARNED, **MEASURED}
EXPECTED = {**dict.fromkeys(CAUGHT, FAIL), **dict.fromkeys(WARNED, WARN), **dict.fromkeys(MEASURED, PASS)}
# one mistake for each check, in the order above
OFTEN = {check: mistake for mistake, (check, _) in reversed(EVERY.items())}


def missed(found, mistakes) -> dict[str, tuple[str, str]]:
    """Give what was found of the mistakes that the check did not catch, or did not tell as expected."""
    findings = found({mistake: EVERY[mistake][0] for mistake in mistakes})
    return {
        mistake: (finding.status, finding.summary)
        for mistake, finding in findings.items()
        if finding.status != EXPECTED[mistake]
        or (not finding.hint and mistake not in MEASURED)
        or EVERY[mistake][1] not in f"{finding.summary} {finding.evidence}"
    }


def test_each_check_catches_a_mistake(found):
    assert missed(found, OFTEN.values()) == {}


@pytest.mark.slow
def test_each_mistake_is_caught_by_the_check_that_should_catch_it(found):
    assert missed(found, EVERY.keys() - set(OFTEN.values())) == {}


def test_no_sound_module_is_blamed(found):
    findings = found(NOT_BLAMED)
    assert {stem: one.summary for stem, one in findings.items() if one.status != PASS} == {}


def test_a_dict_that_holds_itself_ends_no_check(mutants, broken_cfg, findings):
    cfg = broken_cfg("WordInRow", (LAYER,), ROWS["word_in_row"])
    (found,) = findings(mutants(), PIN, [(cfg, "n", ("init", "inert", "determinism"))])
    assert {one.id: one.summary for one in found if "RecursionError" in one.summary} == {}
