"""Proof that the checks can fail: mistakes that people make, each caught by the check that should catch it.

`mutants/` holds one small module for each mistake, and `sound/` modules without any, all in one workspace of a pin.
Each stands in one layer of the pin's base model. `make test` tries YOLO11n; the others are left to `make test-all`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import PINS
from yolopatch.steps.verify.verify import verify as verify_cfg
from yolopatch.wire.statuses import FAIL, PASS, WARN

from .conftest import PIN

MUTANTS, SOUND = (Path(__file__).parent / name for name in ("mutants", "sound"))
# YOLO11, YOLOv8, YOLO26, YOLOv5; v6.1 itself builds the models of its repackaging
TRIED_PINS = (PIN, "ultralytics-8.2.50", "ultralytics-8.4.0", "yolov5-pypi-6.1.0")
TRIED_SCALES = ("n", "s")
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
    "softmax_of_one": ("inert", "model.3.route.weight"),
    "channel_of_each_head": ("inert", "the parameter model.3.temperature"),
    "dead_relu": ("input-dependence", "layer 3"),
    "detached_branch": ("gradient-flow", "model.3.attention.1.weight"),
    "eternal_dropout": ("determinism", ""),
    "fixed_dtype": ("precision", "autocast"),
    "fourier": ("onnx", "fft"),
    "frozen_branch": ("torchscript", ""),
    "gate_switched_off": ("gradient-flow", "model.3.down.weight"),
    "hard_coded_cpu": ("init", "CPU"),
    "hard_sign": ("gradient-flow", "start at layer 3 (HardSign)"),
    "hard_coded_size": ("build", "layer 3"),
    "hidden_branches": ("checkpoint", "HiddenBranches"),
    "ignored_parameter": ("gradient-flow", "model.3.scale"),
    "in_place_needed": ("gradient-flow", "the output of relu, "),
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
    "no_units": ("build", "c2 // reduction is"),
    "no_groups": ("build", "c1 // 128 is"),
    "float_in_half": ("precision", "model.3 (FloatInHalf), "),
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
    "deaf_join": ("input-dependence", "(DeafJoin) makes no use of what layer 6 ("),
    "stale_memory": ("batch-independence", "a smaller batch after a larger one fails in train: model.3 raises"),
    "mixed_images": ("batch-independence", "layer 3 (MixedImages)"),
    "class_parameter": ("init", "such as model.3.scale"),
    "new_in_forward": ("determinism", "layer 3 (NewInForward)"),
    "branch_forgotten": ("gradient-flow", "start at layer 4 (BranchForgotten)"),
    "shrinking_pool": ("build", "layer 9 (ShrinkingPool)"),
    "listed_weights": ("init", "weights[0]"),
    "two_mistakes": ("determinism", "layer 3 (TwoMistakes)"),
    "head_of_one_stride": ("head", "look for what sets self.stride"),
    "switched_activation": ("forward", "upstream lets model.3.act (SiLU) work in place"),
    "group_in_bn": ("fuse", "model.3 (GroupInBn) has a GroupNorm as self.bn"),
    "forward_not_split": ("torchscript", "ForwardNotSplit has its own forward, but the forward_split of C2f"),
    "runs_on_gpu": ("build", "runs on a GPU only (Expected u.is_cuda()"),
    "stride_forgotten": ("build", "layer 5 (StrideForgotten) is the first whose map has another size"),
    "viewed_transposed": ("build", "look at "),
    "pooled_instance": ("build", "InstanceNorm2d gets one value per channel"),
    "head_of_other_units": ("head", "are not those that upstream's loss reads in its maps"),
    "head_swapped": ("head", "are not those that upstream's loss reads in its maps"),
    "head_of_corners": ("head", "are not those that upstream's loss reads in its maps"),
    "head_of_two_sigmoids": ("head", "no class can get a score below 0.5"),
    "super_forgotten": ("build", "write super().__init__() as the first line of the constructor of SuperForgotten"),
    "forward_misspelt": ("build", "calls ForwardMisspelt, and its class has no forward"),
    "list_called": ("build", "calls a ModuleList, which only holds others"),
    "lazy_layer": ("build", "layer 3 (LazyLayer) cannot be constructed: it holds one of torch's lazy layers"),
    "undivided": ("build", "which cannot be divided by groups, 24"),
    "class_called": ("build", "layer 3 (ClassCalled) returns a module (SiLU)"),
    "history_kept": ("learns", "model.3.mean keeps a tensor with its gradient's history"),
    "scripted_part": ("checkpoint", "model.3.act is a module of TorchScript"),
    "parametrized": ("checkpoint", "model.3.conv computes its weight by torch.nn.utils.parametrize"),
    "image_checkpointed": ("gradient-flow", "a checkpoint with use_reentrant=True"),
    "drawn_number": ("checkpoint", "model.3.scale is "),
    "unoptimised": ("trainer-setup", "to its optimizer, first model.3.gain in layer 3 (Unoptimised)"),
    "complex_filter": ("checkpoint", "model.3.w is complex, and the EMA averages real numbers only"),
    "cooling_number": ("checkpoint", "model.3.t is "),
    "self_fused": ("checkpoint", "model.3.b.bias is there in train or in eval alone"),
    "hooked": ("checkpoint", "model.3.cv (Conv) has a hook from a constructor"),
    "mirrored_padding": ("fuse", "with padding_mode='zeros' where MirroredPadding has 'reflect'"),
    "more_branches": ("fuse", "fuse() puts the forward_fuse of RepConv in its place"),
    "doubled_batch": ("forward", "join maps along axis 1"),
    "map_normed": ("build", "LayerNorm takes the 64 channels on the last axis"),
    "map_lined": ("build", "Linear takes the 64 channels on the last axis"),
    "own_train": ("build", "def train(self, mode=True), and return what super() returns"),
    "file_needed": ("build", "opens weights/backbone.pt"),
    "part_called_f": ("build", "it has a part called f"),
}
# what a check only warns of: upstream's own mistakes, and what its trainer does
WARNED = {
    "functional_convolution": ("flops", f"model.{LAYER}"),
    "seeded_forward": ("seeds", "layer 3 (SeededForward) sets the seed of torch in its forward"),
    "seeded_constructor": ("seeds", f"two seeds give layer {LAYER + 1} ("),
    "frozen_filters": ("trainer-setup", "model.3.filters"),
    "word_in_row": ("build", "was given a dict for 'd': the word is a variable of upstream's parse_model"),
    "dfl_named": ("trainer-setup", "model.3.dflow.conv.weight"),
    "in_place_input": ("forward", "layer 5 (InPlaceInput) changes its input in place, which layer 15 (Concat) reads"),
    "head_without_biases": ("head", "biases were not initialised"),
    "head_of_fixed_classes": ("build", "has 80 classes whatever nc is"),
    "head_without_sigmoid": ("head", "its scores in eval are not those that upstream's loss trains"),
    "training_branch": ("inert", "uses 2 parameters only while it trains, such as model.3.weigh.weight"),
    "still_norm": ("inert", "model.3.bn in layer 3 (StillNorm) keeps no statistics"),
    "other_in_eval": ("inert", "layer 3 (OtherInEval) computes something else in eval"),
    "switched_input": ("forward", "upstream sets inplace=True on every activation module"),
    "scrambled_tokens": ("forward", "layer 3 (ScrambledTokens) reshapes across axes: "),
    "scrambled_heads": ("forward", "layer 3 (ScrambledHeads) reshapes across axes: "),
    "to_the_cpu": ("init", "layer 3 moves a map to the CPU at "),
}
# what stands in the place of the head, of the first Concat, of the first Upsample, and of one of the family's blocks
HEADS = ("own_head", "shared_head", "written_head", *(stem for stem in CAUGHT | WARNED if stem.startswith("head_")))
JOINS, UPSAMPLERS = ("deaf_join", "listed_weights", "scale_sequence", "weighted_join", "zero_join"), ("carafe",)
BLOCKS = {
    "branch_forgotten": 4,
    "window_attention": 4,
    "forward_not_split": 4,
    "encoder_layer": 4,
    "encoder_layer_by_pixels": 4,
}
# where another module stands, if not in LAYER: behind a map that another layer reads, too, and in the place of SPPF
PLACES = {
    "image_checkpointed": 0,
    "in_place_input": 5,
    "switched_input": 5,
    "stride_forgotten": 5,
    "shrinking_pool": 9,
    **BLOCKS,
}
ROWS = {"word_in_row": '"d"'}  # what a module's row says after the channels, if not what the base's says
# what parse_model does for a head: YOLO26's gets two more arguments
HEAD_BRANCH = "args.append([ch[x] for x in f])"
JOIN_BRANCH = "c2 = sum(ch[x] for x in f)\nargs = [[ch[x] for x in f], c2]"
UPSAMPLER_BRANCH = "c2 = ch[f]\nargs = [c2, args[1]]"
HEAD_BRANCHES = {"ultralytics-8.4.0": "args.extend([reg_max, end2end, [ch[x] for x in f]])"}

# what a check only measures, and what it must say of it
MEASURED = {"quadratic_attention": ("memory", f"layer {LAYER} (QuadraticAttention)'s: 2 x 1600 x 1600, 20.5 MB")}

# modules that are right, and a check that must not blame them
NOT_BLAMED = {
    "functional_silu": "only-intended",
    "own_function": "only-intended",
    "re_zero": "gradient-flow",
    "layer_scale": "gradient-flow",
    "narrow_gate": "gradient-flow",
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
    "written_head": "head",
    "own_norm": "inert",
    "running_norm": "inert",
    "training_noise": "inert",
    "checkpointed": "gradient-flow",
    "scripted_function": "checkpoint",
    "space_to_depth": "only-intended",
    "dynamic_experts": "gradient-flow",
    "window_attention": "torchscript",
    "weighted_join": "input-dependence",
    "zero_join": "input-dependence",
    "carafe": "forward",
    "copied_activation": "forward",
    "float_on_cpu": "init",
    "named_gain": "trainer-setup",
    "shared_head": "onnx",
    "encoder_layer": "precision",
    "encoder_layer_by_pixels": "onnx",
    "position_table": "forward",
    "pyramid_pooling": "forward",
    "used_twice": "checkpoint",
    "codebook": "checkpoint",
    "channel_line": "inert",
    "scale_sequence": "input-dependence",
    "summed_products": "forward",
    "chosen_forward": "checkpoint",
    "response_norm": "gradient-flow",
    "involution": "forward",
    "standardised_weights": "fuse",
    "mixed_kernels": "batch-independence",
    "dropped_blocks": "determinism",
    "sampled_grid": "gradient-flow",
    "saved_in_parts": "gradient-flow",
    "frozen_norm": "checkpoint",
    "cached_masks": "init",
}
EVERY = {**CAUGHT, **WARNED, **MEASURED}


@dataclass(frozen=True)
class Outcome:
    """What a check must find: its status, and a word of what it must say."""

    check: str
    status: str
    word: str


@dataclass(frozen=True)
class Elsewhere:
    """What is right of a module on some pins at some scales alone, and why. None: the module cannot stand there."""

    why: str
    outcome: Outcome | None
    pins: tuple[str, ...] = TRIED_PINS
    scales: tuple[str, ...] = TRIED_SCALES


ULTRALYTICS = tuple(pin for pin in TRIED_PINS if not pin.startswith("yolov5"))
YOLOV5, YOLOV8, YOLO26 = ("yolov5-pypi-6.1.0",), ("ultralytics-8.2.50",), ("ultralytics-8.4.0",)
_CHANGED = "layer 5 (InPlaceInput) changes its input in place, which layer"
_ONE_EVAL = "this release runs a new model once in eval, the others in train"
ELSEWHERE = {
    **{stem: (Elsewhere("its head has other parts and other arguments", None, YOLOV5),) for stem in HEADS},
    **{
        stem: (
            Elsewhere("its head has other parts and other arguments", None, YOLOV5),
            Elsewhere("its head gives a dict while it trains, and sorted corners in eval", None, YOLO26),
        )
        for stem in ("head_swapped", "head_of_corners", "head_of_two_sigmoids", "head_without_sigmoid", "written_head")
    },
    "more_branches": (Elsewhere("it has no RepConv", None, YOLOV5),),
    "dfl_named": (
        Elsewhere("its trainer freezes layers by their numbers alone", Outcome("trainer-setup", PASS, ""), YOLOV5),
    ),
    "frozen_filters": (
        Elsewhere("its optimizer does not get them, so they stay frozen", Outcome("trainer-setup", PASS, ""), YOLOV5),
    ),
    "forward_not_split": (Elsewhere("its exporter changes no forward, and it has no C2f", None, YOLOV5),),
    "unoptimised": (
        Elsewhere(
            "its trainer gives every parameter to its optimizer", Outcome("trainer-setup", PASS, ""), ULTRALYTICS
        ),
    ),
    "no_groups": (Elsewhere("the layer's input has 128 channels", Outcome("build", PASS, ""), (PIN, *YOLO26), ("s",)),),
    "in_place_input": (
        Elsewhere("the map's other reader is layer 14", Outcome("forward", WARN, f"{_CHANGED} 14 (Concat)"), YOLOV8),
        Elsewhere("the map's other reader is layer 16", Outcome("forward", WARN, f"{_CHANGED} 16 (Concat)"), YOLOV5),
    ),
    "pooled_norm": (Elsewhere(_ONE_EVAL, Outcome("batch-independence", FAIL, "more than 1 value"), YOLO26),),
    "encoder_layer_by_pixels": (
        Elsewhere("its exporter asks for opset 12", Outcome("onnx", FAIL, "unflatten"), YOLOV5),
    ),
    "nothing_in_eval": (
        Elsewhere(_ONE_EVAL, Outcome("build", FAIL, "layer 3 (NothingInEval) returns nothing (None)"), YOLO26),
    ),
}


def outcome(stem: str, pin: str, scale: str) -> Outcome | None:
    """Return what must be found of a module in a pin's model at a scale, None where there is nothing to find."""
    for other in ELSEWHERE.get(stem, ()):
        if pin in other.pins and scale in other.scales:
            return other.outcome
    if stem in NOT_BLAMED:
        return Outcome(NOT_BLAMED[stem], PASS, "")
    check, word = EVERY[stem]
    return Outcome(check, FAIL if stem in CAUGHT else WARN if stem in WARNED else PASS, word)


def stands(stem: str, pin: str) -> bool:
    """Return whether a module can stand in a pin's model at all."""
    return any(outcome(stem, pin, scale) for scale in TRIED_SCALES)


def _file(stem: str) -> Path:
    return (SOUND if stem in NOT_BLAMED else MUTANTS) / f"{stem}.py"


def _source(stem: str, pin: str) -> str:
    """Return a module's text for a pin: YOLOv5's one file has what the others import from upstream's."""
    lines = _file(stem).read_text().splitlines()
    return "\n".join(line for line in lines if pin not in YOLOV5 or not line.startswith("from ultralytics"))


def _class_name(stem: str) -> str:
    classes = [node.name for node in ast.parse(_file(stem).read_text()).body if _is_public_class(node)]
    (name,) = classes
    return name


def _is_public_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and not node.name.startswith("_")


@pytest.fixture(scope="session")
def mutants(broken_workspace):
    """Give the one workspace of a pin that holds every mutant."""

    def make(pin: str) -> Path:
        stems = [stem for stem in (*EVERY, *NOT_BLAMED) if stands(stem, pin)]
        branch = HEAD_BRANCHES.get(pin, HEAD_BRANCH)
        return broken_workspace(
            {_class_name(stem): _source(stem, pin) for stem in stems},
            branches={
                "Unscaled": "c1, c2 = ch[f], args[0]\nargs = [c1, c2, *args[1:]]",
                **{_class_name(stem): branch for stem in HEADS if stem in stems},
                **{_class_name(stem): JOIN_BRANCH for stem in JOINS},
                **{_class_name(stem): UPSAMPLER_BRANCH for stem in UPSAMPLERS},
            },
            blocks=[_class_name(stem) for stem in BLOCKS],
            pin=pin,
        )

    return make


@pytest.fixture
def cfg_with(broken_cfg):
    """Write a pin's base model with a module in the layer where it stands."""

    def write(stem: str, pin: str, scale: str) -> Path:
        classes = [layer.module for layer in find_model(PINS[pin].model).layers]
        places = {
            **PLACES,
            **dict.fromkeys(HEADS, len(classes) - 1),
            **dict.fromkeys(JOINS, classes.index("Concat")),
            **dict.fromkeys(UPSAMPLERS, classes.index("nn.Upsample")),
        }
        place = places.get(stem, LAYER)
        return broken_cfg(_class_name(stem), (place,), ROWS.get(stem), scale=scale, pin=pin)

    return write


@pytest.fixture
def missed(mutants, cfg_with, findings):
    """Put each module into a pin's model, and run the check that should say something of it.

    Returns what was found, by module, where it is not what is right.
    """

    def run(stems, pin: str, scale: str) -> dict[str, tuple[str, str, str]]:
        expected = {stem: right for stem in stems if (right := outcome(stem, pin, scale))}
        asked = [(cfg_with(stem, pin, scale), scale, (right.check,)) for stem, right in expected.items()]
        found = dict(zip(expected, (one for (one,) in findings(mutants(pin), pin, asked)), strict=True))
        return {
            stem: (one.status, one.summary, one.hint)
            for stem, one in found.items()
            if one.status != expected[stem].status
            or expected[stem].word not in f"{one.summary} {one.evidence} {one.hint}"
            or (one.status != PASS and not one.hint)
        }

    return run


def test_every_mutant_is_expected_somewhere():
    assert {file.stem for file in MUTANTS.glob("*.py")} == EVERY.keys()
    assert {file.stem for file in SOUND.glob("*.py")} == NOT_BLAMED.keys()


# one mistake for each check, in the order above
OFTEN = {
    check: mistake
    for mistake, (check, _) in reversed(EVERY.items())
    if mistake in MEASURED or (right := outcome(mistake, PIN, "n")) is None or right.status != PASS
}
ELSEWHERE_TRIED = [(pin, scale) for pin in TRIED_PINS for scale in TRIED_SCALES if (pin, scale) != (PIN, "n")]


def test_each_check_catches_a_mistake(missed):
    assert missed(OFTEN.values(), PIN, "n") == {}


@pytest.mark.slow
def test_each_mistake_is_caught_by_the_check_that_should_catch_it(missed):
    assert missed(EVERY.keys() - set(OFTEN.values()), PIN, "n") == {}


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "scale"), ELSEWHERE_TRIED)
def test_each_mistake_is_caught_on_other_pins_and_at_another_scale(pin, scale, missed):
    assert missed(EVERY, pin, scale) == {}


@pytest.mark.more
def test_no_sound_module_is_blamed(missed):
    # these take a third of the time, and are left to the test below
    assert missed(NOT_BLAMED.keys() - {"dynamic_experts", "window_attention"}, PIN, "n") == {}


@dataclass(frozen=True)
class Remark:
    """What a check rightly says of a sound module, and why."""

    check: str
    why: str
    pins: tuple[str, ...] = TRIED_PINS


_GROWS_FASTER = "the work of an attention over all pixels grows faster than the area, by which upstream multiplies"
_NOT_OPTIMISED = "its train.py gives only parameters that are called weight or bias to the optimizer"
# their parameters are named neither weight nor bias
_WITH_OTHER_NAMES = (
    "re_zero",
    "layer_scale",
    "weighted_join",
    "zero_inside_zero",
    "window_attention",
    "zero_join",
    "position_table",
)
REMARKS = {
    **{stem: (Remark("trainer-setup", _NOT_OPTIMISED, YOLOV5),) for stem in _WITH_OTHER_NAMES},
    "deformable": (
        Remark("flops", "upstream's counter sees no convolution in a function"),
        Remark("precision", "torch has no code for it in bfloat16 on a CPU"),
        Remark("onnx", "ONNX has no such operator in the form that torch exports"),
    ),
    "encoder_layer": (
        Remark("flops", _GROWS_FASTER),
        Remark("trainer-setup", _NOT_OPTIMISED, YOLOV5),
        Remark("onnx", "torch's exporter does not know the short way through nn.MultiheadAttention"),
    ),
    "encoder_layer_by_pixels": (
        Remark("flops", _GROWS_FASTER),
        Remark("trainer-setup", _NOT_OPTIMISED, YOLOV5),
        Remark("onnx", "its exporter asks for opset 12, which has no unflatten", YOLOV5),
    ),
    "running_norm": (Remark("only-intended", "its norm is arithmetic of its own, and no BatchNorm, as the base has"),),
    "shared_weights": (Remark("flops", "upstream's counter sees no convolution in a function"),),
    "dynamic_experts": (Remark("flops", "upstream's counter sees no convolution in a function"),),
    "partial_convolution": (Remark("onnx", "its exporter asks for opset 12, which has no tensor_split", YOLOV5),),
}


def sound_models() -> Iterator[tuple[str, str, str]]:
    """Give (pin, scale, module) of each sound model."""
    for pin in TRIED_PINS:
        for stem in NOT_BLAMED:
            yield from ((pin, scale, stem) for scale in TRIED_SCALES if outcome(stem, pin, scale))


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "scale", "stem"), sound_models())
def test_no_check_blames_a_sound_module(pin, scale, stem, mutants, cfg_with):
    checks = verify_cfg(mutants(pin), cfg_with(stem, pin, scale), scale, imgsz=320).checks
    right = {remark.check for remark in REMARKS.get(stem, ()) if pin in remark.pins} | {"provenance"}  # own commits
    assert {check.id: check.summary for check in checks if check.status != PASS and check.id not in right} == {}


@pytest.mark.more
def test_a_dict_that_holds_itself_ends_no_check(mutants, cfg_with, findings):
    asked = [(cfg_with("word_in_row", PIN, "n"), "n", ("init", "inert", "determinism"))]
    (found,) = findings(mutants(PIN), PIN, asked)
    assert {one.id: one.summary for one in found if "RecursionError" in one.summary} == {}


@pytest.mark.more
def test_an_attention_that_does_not_export_is_told_how_to_make_one_that_does(mutants, cfg_with, findings):
    stems = ("encoder_layer", "encoder_layer_by_pixels")
    (fails,), (passes,) = findings(mutants(PIN), PIN, [(cfg_with(stem, PIN, "n"), "n", ("onnx",)) for stem in stems])
    assert (fails.status, passes.status) == (FAIL, PASS)
    assert "batch_first=False" in fails.hint


@pytest.mark.more
def test_units_that_are_off_with_one_seed_are_no_fault_and_those_that_are_off_with_every_seed_are(missed):
    assert missed(("narrow_gate", "gate_switched_off", "ignored_parameter", "no_grad_forward"), PIN, "n") == {}
