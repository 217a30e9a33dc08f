"""What loading a checkpoint may import and call: the names in checkpoints that upstream's trainers and `save` write.

The list comes from checkpoints of every pin: after a training, during it, saved again, and fused. A name is here or in
a rule only if calling it cannot read, write or run anything.
"""

from __future__ import annotations

# `module.name` as in a pickle. Without torch._tensor._rebuild_from_type_v2, which calls its argument.
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
        # upstream replaces a fused layer's forward by another of its methods
        "builtins.getattr(forward)",
        "builtins.getattr(forward_fuse)",
        "builtins.getattr(forward_split)",
    }
)

# Classes of torch's own modules, and the storage types of tensors.
RULES = (
    r"torch\.nn\.modules\.[a-z]\w*\.[A-Z]\w*",
    r"torch\.[A-Z][a-z0-9A-Z]*Storage",
    r"torch\.(?:u?int|float|bfloat|complex)\d+",
    r"torch\.bool",
    r"numpy\.dtypes\.[A-Z]\w*DType",
)

# For each layout of an upstream: the modules, below the package, of which any class is allowed. A name that ends in `.`
# or `_` is a prefix.
CLASSES_OF = {
    "ultralytics": ("nn.modules.", "nn.tasks", "utils.loss", "utils.tal"),
    "yolov5": ("models.common", "models.yolo", "models.experimental", "models.own_"),
}

# Classes of these modules that open a given file: not allowed.
OPENING = frozenset({"DetectMultiBackend", "SafeUnpickler", "TorchVision"})
