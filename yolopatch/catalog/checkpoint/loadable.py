"""What loading a checkpoint may import, and do with it: what checkpoints that upstream's trainers and `save` write do.

The lists come from checkpoints of every pin: after a training, during it, saved again, and fused. Classes of upstream's
and of torch's modules are only made without arguments and given a state, which runs no code. None of them is called,
since upstream's models evaluate strings of their arguments as Python, and none is kept as a value that could be called.
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
        "collections.OrderedDict",
        "collections.defaultdict",
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
    r"(?:builtins|__builtin__)\.(?:bool|complex|dict|float|frozenset|int|list|set|str)",
)

# What may be done with these names, as `probe/pickled/uses.py` writes it.
_PYTHON = r"(?:builtins|__builtin__)"
_TEXT = r"(?:str|'[^']*')"
_NUMBER = r"(?:0|int|float)"
_INTS = r"\((?:0|ints)?\)"
_NUMPY = r"numpy\.(?:_core|core)\.multiarray"
_ORDERED = r"collections\.OrderedDict\(\)"
_TENSOR = r"torch\._utils\._rebuild_tensor(?:_v2)?\(\)"
_BYTES = r"(?:bytes|_codecs\.encode\(\))"
USES = (
    rf"call {_PYTHON}\.(?:set|frozenset|tuple)\((?:list)?\)",
    rf"call {_PYTHON}\.(?:bool|bytes|bytearray|complex|dict|float|int|list|object|str)\(\)",
    rf"call {_PYTHON}\.bytearray\({_TEXT}, 'latin-?1'\)",
    rf"call {_PYTHON}\.complex\({_NUMBER}, {_NUMBER}\)",
    rf"call {_PYTHON}\.range{_INTS}",
    rf"call {_PYTHON}\.slice\((?:None|{_NUMBER}|ints)(?:, (?:None|{_NUMBER}))*\)",
    # upstream replaces a fused layer's forward by another of its methods
    rf"call {_PYTHON}\.getattr\(object, 'forward(?:_fuse|_split)?'\)",
    rf"call _codecs\.encode\({_TEXT}, 'latin-?1'\)",
    r"call collections\.OrderedDict\((?:list)?\)",
    rf"call collections\.defaultdict\((?:None|{_PYTHON}\.(?:dict|float|int|list|set|str))?\)",
    rf"call datetime\.datetime\({_BYTES}\)",
    rf"call {_NUMPY}\._reconstruct\(numpy\.ndarray, \(0\), {_BYTES}\)",
    rf"call {_NUMPY}\.scalar\(numpy\.dtype\(\), {_BYTES}\)",
    # no type of objects, and none that is made of others: numpy trusts what a pickle says of their memory
    r"call numpy\.dtype\('[<>|=]?[biufcSU?]\d*', bool, bool\)",
    r"call numpy\.dtypes\.[A-Z]\w*DType\(\)",
    rf"call pathlib\.\w+\((?:{_TEXT}(?:, {_TEXT})*)?\)",
    rf"call torch\.Size\((?:{_INTS})?\)",
    rf"call torch\._utils\._rebuild_tensor\(storage, {_NUMBER}, {_INTS}, {_INTS}\)",
    rf"call torch\._utils\._rebuild_tensor_v2\(storage, {_NUMBER}, {_INTS}, {_INTS}, bool, {_ORDERED}\)",
    rf"call torch\._utils\._rebuild_parameter\({_TENSOR}, bool, {_ORDERED}\)",
    rf"call torch\._utils\._rebuild_parameter_with_state\({_TENSOR}, bool, {_ORDERED}, dict\)",
    rf"call torch\.device\({_TEXT}(?:, {_NUMBER})?\)",
    rf"call torch\.serialization\._get_layout\({_TEXT}\)",
    r"call (?:types\.SimpleNamespace|ultralytics\.utils\.IterableSimpleNamespace)\(\)",
    rf"keep {_PYTHON}\.(?:bool|complex|dict|float|frozenset|int|list|set|str)",
    r"keep numpy\.ndarray",
    r"keep torch\.(?:[A-Z][a-z0-9A-Z]*Storage|(?:u?int|float|bfloat|complex)\d+|bool)",
    r"state (?:types\.SimpleNamespace|ultralytics\.utils\.IterableSimpleNamespace|collections\.OrderedDict)\(\) dict",
    r"state numpy\.dtype\(\) \(int, '[<>|=]', None, None, None, int, int, (?:0|int)\)",
    rf"state {_NUMPY}\._reconstruct\(\) \(int, {_INTS}, numpy\.dtype\(\), bool, {_BYTES}\)",
)

# For each layout of an upstream: the modules, below the package, of which any class is allowed. A name that ends in `.`
# or `_` is a prefix.
CLASSES_OF = {
    "ultralytics": ("nn.modules.", "nn.tasks", "utils.loss", "utils.tal"),
    "yolov5": ("models.common", "models.yolo", "models.experimental", "models.own_"),
}

# Classes of these modules that open a given file: not allowed.
OPENING = frozenset({"DetectMultiBackend", "SafeUnpickler", "TorchVision"})
