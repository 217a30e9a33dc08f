"""yolopatch: fetch a pinned YOLO, patch a paper's module in, render its YAML, prove what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yolopatch.api import ablate, adopt, apply, compare, render_cfg, verify
    from yolopatch.errors import ConflictError, UsageError, YolopatchError

__version__ = "0.1.0"
__all__ = [
    "ConflictError",
    "UsageError",
    "YolopatchError",
    "__version__",
    "ablate",
    "adopt",
    "apply",
    "compare",
    "render_cfg",
    "verify",
]

_ERRORS = ("ConflictError", "UsageError", "YolopatchError")


def __getattr__(name: str) -> Any:
    """Import a function when it is asked for: the command line imports this package, and must start fast."""
    if name not in __all__:
        raise AttributeError(f"module 'yolopatch' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("yolopatch.errors" if name in _ERRORS else "yolopatch.api"), name)
