"""The checks of `verify`, in the order in which they run and are shown. One file each."""

from collections.abc import Callable
from dataclasses import dataclass

from checks import (
    attributes,
    base_parity,
    batch_independence,
    build,
    checkpoint,
    determinism,
    flops,
    forward,
    fuse,
    gradient_flow,
    inert,
    init,
    input_dependence,
    latency,
    learns,
    only_intended,
    onnx_export,
    precision,
    provenance,
    scale,
    torchscript,
)


@dataclass(frozen=True)
class Check:
    """How a check is run.

    Attributes:
        run: takes the subject and returns a finding; what it raises is a failure of the model.
        needs_model: it is skipped where the model does not build.
        needs_run: it is skipped where the model does not run on one square image.
        asks_base: where it fails, it is asked about the base model too: what upstream's own model does as well
            is no fault of the module, and becomes a warning that says so.
    """

    run: Callable
    needs_model: bool = True
    needs_run: bool = True
    asks_base: bool = True


CHECKS = {
    "provenance": Check(provenance.check, needs_model=False, needs_run=False, asks_base=False),
    "build": Check(build.check, needs_model=False, needs_run=False, asks_base=False),
    "scale": Check(scale.check, needs_run=False, asks_base=False),
    "base-parity": Check(base_parity.check, needs_model=False, needs_run=False, asks_base=False),
    "only-intended": Check(only_intended.check, needs_run=False, asks_base=False),
    "forward": Check(forward.check, needs_run=False),
    "input-dependence": Check(input_dependence.check),
    "gradient-flow": Check(gradient_flow.check),
    "inert": Check(inert.check, asks_base=False),
    "init": Check(init.check, needs_run=False),
    "attributes": Check(attributes.check, needs_model=False, needs_run=False, asks_base=False),
    "flops": Check(flops.check, asks_base=False),
    "fuse": Check(fuse.check),
    "precision": Check(precision.check),
    "checkpoint": Check(checkpoint.check),
    "batch-independence": Check(batch_independence.check),
    "torchscript": Check(torchscript.check),
    "onnx": Check(onnx_export.check),
    "determinism": Check(determinism.check),
    "learns": Check(learns.check),
    "latency": Check(latency.check, asks_base=False),
}
