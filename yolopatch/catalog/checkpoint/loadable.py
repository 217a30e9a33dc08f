"""What loading a checkpoint may import and call: all that those which upstream's trainers and `save` write ask for.

Seen in checkpoints of every pin: at the end of a training, in the middle of one, saved anew, fused. A name stands here
or in a rule only if no call of it reads, writes or runs anything.
"""

from __future__ import annotations

# `module.name` as a pickle has it. Not torch._tensor._rebuild_from_type_v2, which calls what it is given.
EXACT = frozenset(
    {
        "__builtin__.bytearray",
        "__builtin__.object",
        "__builtin__.range",
        "__builtin__.slice",
        "__builtin__.tuple",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.bytes",
        "builtins.object",
        "builtins.range",
        "builtins.slice",
        "builtins.tuple",
        "collections.defaultdict",
        "copy_reg._reconstructor",
        "copyreg._reconstructor",
        "datetime.datetime",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.PurePosixPath",
        "pathlib.PureWindowsPath",
        "pathlib.WindowsPath",
        "torch.Size",
        "torch.Tensor",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "types.SimpleNamespace",
        "ultralytics.utils.IterableSimpleNamespace",
        # the forward of a fused layer is one of its own methods
        "builtins.getattr(forward)",
        "builtins.getattr(forward_fuse)",
        "builtins.getattr(forward_split)",
    }
)

# Classes of torch's own modules, and the types of tensors' bytes.
RULES = (
    r"torch\.nn\.modules\.[a-z]\w*\.[A-Z]\w*",
    r"torch\.[A-Z][a-z0-9A-Z]*Storage",
    r"torch\.(?:u?int|float|bfloat|complex)\d+",
    r"torch\.bool",
    r"numpy\.dtypes\.[A-Z]\w*DType",
)

# By how an upstream is laid out, the modules of which any class may be asked for, below the package; `.` or `_`
# ends a prefix.
CLASSES_OF = {
    "ultralytics": ("nn.modules.", "nn.tasks", "utils.loss", "utils.tal"),
    "yolov5": ("models.common", "models.yolo", "models.experimental", "models.own_"),
}

# Classes of these that open a file which they are given.
OPENING = frozenset({"DetectMultiBackend", "SafeUnpickler", "TorchVision"})
