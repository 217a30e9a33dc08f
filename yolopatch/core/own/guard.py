"""Imports that a workspace survives without the packages of one module."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.module import Module


def guarded(
    jinja: SandboxedEnvironment, module: Module, lines: str, names: Sequence[str], packages: Sequence[str]
) -> str:
    """Return imports of a module; where its packages are missing, only the module itself says so, when it is made.

    Args:
        jinja: finds the templates.
        module: the module.
        lines: its imports.
        names: what they bind.
        packages: that it needs; none to leave the lines as they are.
    """
    if not packages:
        return lines
    template = jinja.get_template("upstream/own.guard.py.j2")
    text = template.render(module=module.name, lines=lines.splitlines(), names=names, packages=packages, m=module)
    return text.strip("\n") + "\n"
