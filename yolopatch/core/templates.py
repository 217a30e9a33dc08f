"""The Jinja environment of every template that writes a model's YAML, upstream code or a script."""

from __future__ import annotations

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment


def template_environment(loader: BaseLoader) -> SandboxedEnvironment:
    """Return a strict, sandboxed environment.

    Args:
        loader: where the templates come from; the pure core reads no file itself.
    """
    return SandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
