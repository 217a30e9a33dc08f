"""The checks of `verify`, in the order in which they run: their ids, and what each one proves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yolopatch.catalog.names import fold, unknown

PASS, WARN, FAIL, SKIP = "pass", "warn", "fail", "skip"


@dataclass(frozen=True)
class Check:
    """One check: its id, and what is so where it passes."""

    id: str
    proves: str


CHECKS = (
    Check("provenance", "the upstream that is imported is the workspace's, and holds what its commits say"),
    Check("build", "the model builds at this scale"),
    Check("scale", "depth, width and the channel limit in effect are this scale's, in replaced layers too"),
    Check("base-parity", "upstream's own model, built in the workspace, is what the unchanged upstream builds"),
    Check("only-intended", "no layer but the replaced ones differs from the base model's"),
    Check("forward", "outputs are finite and of the right shapes, for every batch and image size"),
    Check("input-dependence", "the outputs depend on the image"),
    Check("gradient-flow", "upstream's own loss gives every parameter a gradient"),
    Check("inert", "a replaced layer does something that a plain convolution does not, with all it holds"),
    Check("init", "two builds from one seed are alike, finite, and made of initialised memory"),
    Check("attributes", "no module uses names that upstream's parser overwrites"),
    Check("flops", "the GFLOPs that upstream prints are the true ones"),
    Check("fuse", "upstream's fuse() changes no output"),
    Check("precision", "bfloat16 autocast and weights saved as float16 keep the outputs"),
    Check("checkpoint", "copies, pickles and upstream's own checkpoints give the same model back"),
    Check("batch-independence", "an image's output does not depend on the rest of its batch"),
    Check("torchscript", "upstream's TorchScript export computes the same"),
    Check("onnx", "upstream's ONNX export computes the same"),
    Check("determinism", "a second identical run gives identical results"),
    Check("learns", "a few optimiser steps lower upstream's own loss"),
    Check("latency", "nothing: it measures the forward time beside the base model's"),
)


def choose_checks(names: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the checks to run, in their order; no name means all of them.

    Raises:
        UsageError: there is no check of that name; the nearest are in the hint.
    """
    by_fold = {fold(check.id): check.id for check in CHECKS}
    chosen = set()
    for name in names:
        if fold(name) not in by_fold:
            raise unknown("check", name, by_fold.values())
        chosen.add(by_fold[fold(name)])
    return tuple(check.id for check in CHECKS if not chosen or check.id in chosen)
