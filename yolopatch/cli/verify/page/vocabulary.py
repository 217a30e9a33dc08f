"""The words of every key in the evidence of a check, with the units of its numbers.

A check of `probe/checks/` that gets a new key gets its words here; a test fails for a key without words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from yolopatch.cli.verify.page import figures
from yolopatch.cli.verify.page.evidence import Shown, Vocabulary, Words, in_words, plain, show_text
from yolopatch.cli.verify.page.reading import as_object, figure


def vocabulary_of(check: str) -> Vocabulary:
    """Return the words of a check's evidence; a key that has none is told with its own words, without `_`."""

    def words(key: str) -> Words:
        return find_words(check, key) or in_words(key)

    return words


def find_words(check: str, key: str) -> Words | None:
    """Return the words of a key in the evidence of a check, None where it has none."""
    return _OF_CHECK.get(check, {}).get(key) or _SHARED.get(key)


# How single values are written


def _with_unit(unit: str) -> Callable[[Any], str]:
    return lambda value: f"{plain(value)} {unit}" if figure(value) is not None else plain(value)


def _of_figure(write: Callable[[float], str]) -> Callable[[Any], str]:
    """Return a writer that writes numbers with `write`, and anything else as it is: a value that is not finite."""

    def written(value: Any) -> str:
        number = figure(value)
        return plain(value) if number is None else write(number)

    return written


def _ratio(value: float) -> str:
    """Return a number without a unit as people read it: `2.17 times`, `1.29%`, and `1.7e-06` for what is rounding."""
    if value >= 1:
        return f"{value:,.2f} times"
    return f"{value:.2%}" if value >= 1e-4 else f"{value:.2g}"


_share = _of_figure(_ratio)
_gflops = _of_figure(lambda value: f"{value:,.0f} GFLOPs" if value >= 100 else f"{value:.3g} GFLOPs")
_signed_share = _of_figure(lambda value: f"{value:+.1%}")
_times = _of_figure(lambda value: f"{value:.2f} times")
_bytes = _of_figure(lambda value: f"{value / 1e6:,.1f} MB")
_pixels, _megabytes, _seconds = _with_unit("px"), _with_unit("MB"), _with_unit("s")


def _layer(key: str) -> str:
    return f"layer {key}"


def _layer_or_name(key: str) -> str:
    return _layer(key) if key.isdigit() else key


def _trial(key: str) -> str:
    """Return the shape of a batch in words: `1 x 3 x 96 x 160` is one image."""
    sides = key.split(" x ")
    if len(sides) != 4 or not all(side.isdigit() for side in sides):
        return "in train mode" if key == "train" else key
    count, _, height, width = sides
    return f"{count} image{'' if count == '1' else 's'} of {height} × {width} px"


# What has a form of its own


def _scale_numbers(value: Sequence[Any]) -> Shown:
    """Show [depth, width, max_channels] of a scale."""
    depth, width, most = (*value, None, None, None)[:3]
    limit = "no limit of channels" if most is None else f"at most {plain(most)} channels"
    return show_text(f"depth {plain(depth)}, width {plain(width)}, {limit}")


def _calls(value: Mapping[str, Any]) -> Shown:
    """Show arguments by name, or those of several layers by their numbers, in one line each."""
    lines = [(_layer_or_name(name), _call(one)) for name, one in value.items()]
    return Shown("pairs", parts=tuple((name, show_text(text)) for name, text in lines))


def _call(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _argument(value)
    passed = as_object(value.get("passed", value))
    named = ", ".join(f"{name}: {_argument(one)}" for name, one in passed.items()) or "no arguments"
    return f"{value['class']}, with {named}" if value.get("class") else named


def _argument(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_argument, value)) + "]"
    return plain(value)


def _latency(value: Mapping[str, Any]) -> Shown:
    """Show the times of a model, as built and fused."""
    fps = as_object(value.get("fps"))
    rows = (
        ("as built", as_object(value.get("latency_ms")), fps.get("as_built")),
        ("fused", as_object(value.get("latency_fused_ms")), fps.get("fused")),
    )
    columns = ("", "median", "a quarter takes less than", "a quarter takes more than", "images per second")
    parts = []
    for name, times, rate in rows:
        told = (figures.milliseconds(figure(times.get(key))) for key in ("median", "low", "high"))
        parts.append(tuple(map(show_text, (name, *told, figures.rate(figure(rate))))))
    return Shown("table", parts=tuple(parts), columns=columns)


_USES = {"store": "stores it", "define": "defines it", "read": "reads it"}
_SIDE = Words("side of the image", _pixels)

_SHARED: Mapping[str, Words] = {
    "model": Words("this model"),
    "base": Words("the base"),
    "traceback": Words("traceback"),
    "output": Words("the last lines that the process printed"),
    "exception": Words("exception"),
    "at": Words("the line in the workspace"),
    "edited_line": Words("the line that the unchanged upstream does not have"),
    "layer": Words("layer"),
    "base_layer": Words("layer of the base"),
    "class": Words("class"),
    "base_class": Words("class in the base"),
    "parameters": Words("parameters"),
    "base_parameters": Words("parameters in the base"),
    "module": Words("module"),
    "tensor": Words("tensor"),
    "kind": Words("kind"),
    "numel": Words("values"),
    "fault": Words("what is wrong"),
    "hint": Words("next"),
    "imgsz": _SIDE,
    "side": _SIDE,
    "first": Words("the first of them"),
    "count": Words("how many"),
}

_EXPORT: Mapping[str, Words] = {
    "side": _SIDE,
    "megabytes": Words("size of the file", _megabytes),
    "seconds": Words("time to export", _seconds),
    "frozen": Words("lines that the trace computes only once"),
    "distances": Words("difference from the model on other images, relative to each channel", _share),
    "tolerance": Words("allowed difference", _share),
    "rounding": Words("difference that rounding alone makes", _share),
    "operators": Words("operators that the format does not have", quiet=True),
    "error": Words("error"),
}

_OF_CHECK: Mapping[str, Mapping[str, Words]] = {
    "provenance": {
        "commit": Words("commit"),
        "imported_from_workspace": Words("files imported from the workspace"),
        "outside": Words("files of upstream imported from elsewhere"),
        "edited": Words("imported files that differ from the commit"),
        "tree_differs": Words("where yolopatch's commits differ from the pin and its patches"),
        "own_commits": Words("your own commits"),
        "starts": Words("what your own commands import"),
        "release": Words("the release that its files name"),
        "changed": Words("imported files that the release has in another way"),
        "added": Words("imported files that the release does not have"),
        "note": Words("what could not be compared"),
        "also": Words("also found", quiet=True),
    },
    "build": {
        "base": Words("base"),
        "layers": Words("layers"),
        "replaced": Words("replaced layers"),
        "arguments": Words("how the layers are called", form=_calls),
        "named_locals": Words("words that parse_model took for its own variables"),
        "misread": Words("arguments that the base's class reads in another way"),
        "value": Words("value"),
        "reads_as": Words("the class reads it as"),
        "base_reads_as": Words("the base's class reads it as"),
        "row": Words("row"),
        "passed": Words("what parse_model passed"),
        "constructor": Words("the class's constructor"),
        "input_shapes": Words("shapes of its inputs"),
    },
    "scale": {
        "scale": Words("scale"),
        "table": Words("the file's scale", form=_scale_numbers),
        "base_table": Words("the base's scale", form=_scale_numbers),
        "table_differs": Words("differences between the two scales"),
        "name": Words("the scale that upstream reads from the file's name"),
        "letter": Words("letter"),
        "origin": Words("where the scale came from"),
        "channels": Words("layers with other channels than this scale's"),
        "depth": Words("layers that repeat their unit at another number than this scale's"),
        "units": Words("layers with simpler units than this scale's"),
        "undecided": Words("layers whose channels cannot be judged", quiet=True),
        "compared": Words("replaced layers compared"),
        "widths": Words("channels of the replaced layers", entry=_layer),
        "asked": Words("in the row"),
        "got": Words("built"),
        "base": Words("built in the base"),
        "channels_not_measured": Words("why no channels were measured"),
        "not_scaled": Words("layers that upstream does not scale"),
        "without_base": Words("what was not checked"),
    },
    "base-parity": {
        "base": Words("base"),
        "parameters": Words("parameters of the base in the workspace"),
        "pristine_parameters": Words("parameters of the base in the unchanged upstream"),
        "published_parameters": Words("parameters that upstream's file states"),
        "tensors": Words("tensors compared"),
        "missing": Words("tensors that the workspace's base lacks"),
        "extra": Words("tensors that only the workspace's base has"),
        "changed": Words("tensors with other shapes or values"),
        "output_distance": Words("largest difference of the outputs, relative to their size", _share),
    },
    "only-intended": {
        "base": Words("base"),
        "compared": Words("layers that must be the base's"),
        "replaced": Words("replaced layers"),
        "dropped": Words("parts of the base's layer that it lacks"),
        "inserted": Words("inserted layers"),
        "beside": Words("other values of the file that differ from the base's"),
        "differs": Words("differences"),
        "missing": Words("layers of the base that are missing"),
        "consequences": Words("what follows from a replaced layer", quiet=True),
        "not_comparable": Words("layers that have no like in the base", quiet=True),
        "details": Words("the differences, one by one", quiet=True),
        "from": Words("reads from"),
        "base_from": Words("reads in the base from"),
    },
    "forward": {"trials": Words("trials", entry=_trial)},
    "input-dependence": {
        "bound": Words("a smaller change counts as none", _share),
        "constant_layers": Words("layers that give the same output for every image"),
        "unread_maps": Words("maps that a replaced layer reads and makes no use of"),
        "idle_layers": Words("layers that no row reads"),
        "constant_count": Words("how many layers give the same", counts="constant_layers"),
        "layers": Words("layers compared"),
        "head_inputs": Words("change of each input of the head, relative to its size", _share),
        "replaced_layers": Words("change of each replaced layer's output, relative to its size", _share, _layer),
        "index": Words("layer"),
        "replaced": Words("replaced"),
    },
    "head": {
        "maps": Words("pixels of the image that one place of each map stands for"),
        "strides": Words("the head's strides, in pixels"),
        "boxes": Words("boxes of the untrained head"),
        "extent": Words("part of the image that they cover", _of_figure(lambda value: f"{value:.0%}")),
        "equal": Words("all boxes are the same"),
        "score": Words("mean score", _of_figure(lambda value: f"{value:.3g}")),
    },
    "trainer-setup": {
        "trained_though_frozen": Words("frozen parameters that upstream's trainer trains"),
        "frozen_though_trained": Words("parameters that upstream's trainer freezes"),
        "not_optimised": Words("parameters that upstream's optimizer does not get"),
        "other_learning_rate": Words("parameters with another learning rate than the base's"),
    },
    "gradient-flow": {
        "trainable": Words("all that can be trained"),
        "not_finite": Words("gradient that is not finite"),
        "silent_at_initialisation": Words("no gradient, or zero, at the first step"),
        "silent_in_float64": Words("no gradient in float64"),
        "stays_at_zero": Words("no gradient in the first steps either"),
        "dead": Words("no gradient, also after all parameters were changed"),
        "unused": Words("a gradient in some steps only"),
        "zero_by_initialisation": Words("zero at initialisation only"),
        "off_by_chance": Words("zero with this seed only"),
        "absorbed_by_batchnorm": Words("cancelled by the next BatchNorm while it trains"),
        "dead_in_the_base_too": Words("no gradient in upstream's own model either"),
        "tensors": Words("tensors", counts="names"),
        "in_replaced_layers": Words("of them in replaced layers"),
        "by_layer": Words("tensors by layer", entry=_layer),
        "names": Words("names"),
    },
    "inert": {
        "layers": Words("layers studied"),
        "plain_convolutions": Words("modules that compute a plain convolution"),
        "plain_convolution_count": Words("how many are plain convolutions", counts="plain_convolutions"),
        "kernel": Words("its kernel"),
        "base_layers_under_another_name": Words("layers that are the base's under another name"),
        "inert": Words("tensors that change no output"),
        "inert_count": Words("how many change no output", counts="inert"),
        "inert_numel": Words("values that change no output", quiet=True),
        "overwritten_by_forward": Words("tensors that forward itself overwrites", quiet=True),
        "not_judged": Words("layers that could not be judged", entry=_layer),
    },
    "init": {
        "uninitialised": Words("tensors of uninitialised memory"),
        "uninitialised_count": Words("how many are uninitialised", counts="uninitialised"),
        "differs": Words("tensors that differ between two builds with one seed"),
        "differs_count": Words("how many differ", counts="differs"),
        "not_finite": Words("tensors that are not finite"),
        "not_finite_count": Words("how many are not finite", counts="not_finite"),
        "unregistered": Words("tensors that are neither parameters nor buffers"),
        "unregistered_count": Words("how many are unregistered", counts="unregistered"),
        "two_devices": Words("operators that get tensors of two devices", entry=_layer),
        "moves_to_cpu": Words("lines that move a map to the CPU", entry=_layer),
        "not_tried_on_another_device": Words("layers not tried on another device", entry=_layer),
        "memory_was_filled": Words("this torch can show uninitialised memory"),
    },
    "attributes": {
        "names": Words("names that parse_model overwrites"),
        "classes": Words("classes read"),
        "uses": Words("uses of such a name"),
        "use_count": Words("how many uses", counts="uses"),
        "stands_as_layer": Words("a row of the file names the class"),
        "name": Words("name"),
        "how": Words("how", lambda how: _USES.get(how, how)),
        "where": Words("where"),
    },
    "flops": {
        "method": Words("how they are counted"),
        "why": Words("what makes the difference"),
        "layers": Words("in layers that are"),
        "upstream": Words("upstream's figure", _gflops),
        "true": Words("true figure", _gflops),
        "excess": Words("upstream's figure exceeds it by", _signed_share),
        "modules": Words("modules"),
        "first": Words("the first of them"),
        "share": Words("part of the true figure", _signed_share),
    },
    "fuse": {
        "difference": Words("largest difference, relative to the layer's largest value", _share),
        "largest_by_layer": Words("largest differences by layer", _share, _layer),
        "norms_in_replaced_layers": Words("BatchNorms in replaced layers"),
        "left_unfused": Words("BatchNorms that fuse() leaves"),
        "left_unfused_count": Words("how many fuse() leaves", counts="left_unfused"),
        "changed": Words("layers with another output"),
    },
    "precision": {
        **{name: Words(name) for name in ("bf16 autocast", "float16 storage", "float16 range", "float16 forward")},
        "worst_layers": Words("largest errors by layer, relative to the layer's output", _share, _layer),
        "no_code": Words("layers that were not tried: torch has no code for them here", entry=_layer),
        "raised": Words("what it raised"),
        "largest_output": Words("largest value of any layer's output (float16 holds up to 65,504)"),
        "not_tried": Words("what was not tried"),
    },
    "checkpoint": {
        "state_dict": Words("state dict"),
        "deepcopy": Words("copy"),
        "ema": Words("upstream's EMA"),
        "pickle": Words("pickle"),
        "upstream": Words("upstream's own save and load"),
    },
    "batch-independence": {
        "train_batch_1": Words("one step of training with a batch of one"),
        "beside_another_image": Words("largest changes by layer, beside another image", _share, _layer),
        "alone": Words("largest changes by layer, without another image", _share, _layer),
    },
    "torchscript": _EXPORT,
    "onnx": _EXPORT,
    "determinism": {
        "eval": Words("two runs in eval mode"),
        "train": Words("two steps of training"),
        "operators": Words("operators without a deterministic implementation"),
    },
    "learns": {
        "losses": Words("loss before each step, and after the last", _of_figure(lambda value: f"{value:.2f}")),
        "optimiser": Words("optimiser"),
        "learning_rate": Words("learning rate"),
        "clip": Words("largest norm of the gradient"),
        "images": Words("images in the batch"),
        "least_learnt": Words("the loss must fall by at least", _of_figure(lambda value: f"{value:.0%}")),
    },
    "loss": {
        "parts": Words("parts of the loss", entry=str),
        "here": Words("in the workspace"),
        "upstream": Words("in the unchanged upstream"),
        "gradient_degrees": Words("the gradients that differ turn by", _with_unit("degrees")),
        "apart": Words("largest relative difference", _share),
        "edited": Words("edited functions that the loss uses", quiet=True),
        "not_in_use": Words("edited functions that it does not use", quiet=True),
        "defined_not_used": Words("what was added to the package as a loss, by its name, and did not run", quiet=True),
        "computed_by": Words("computed by"),
    },
    "seeds": {
        "seeds": Words("seeds"),
        "layers_with_the_same_weights": Words("layers whose weights no seed changes", quiet=True),
        "loader": Words("what another seed changes in the loader", entry=str),
        "order": Words("another order of the images"),
        "augmentation": Words("another augmentation of the images"),
        "seed_in_forward": Words("layers that set a seed in forward"),
        "loader_failed": Words("the loader was not tried, because", quiet=True),
    },
    "memory": {
        "images": Words("images", entry=str),
        "how": Words("how"),
        "training_bytes": Words("peak of a training step", _bytes),
        "inference_bytes": Words("peak of inference", _bytes),
        "largest": Words("largest tensor"),
        "layer": Words("layer"),
        "shape": Words("shape"),
        "bytes": Words("size", _bytes),
        "kept_for_backward": Words("kept for the backward"),
        "not_at_the_real_size": Words("measured at a small size, because"),
        "gpu_training": Words("a training step on the GPU"),
        "gpu_training_bytes": Words("peak of a training step on the GPU", _bytes),
    },
    "latency": {
        "model": Words("this model", form=_latency),
        "base": Words("the base", form=_latency),
        "ratio": Words("as built, beside the base", _times),
        "fused_ratio": Words("fused, beside the base", _times),
        "rounds": Words("each was timed", _with_unit("times")),
        "device": Words("device"),
        "threads": Words("threads"),
        "how": Words("how"),
    },
}
