"""Settings with which ultralytics sends no data: its own defaults, read from its source, with services turned off."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.core.syntax import method, parse

# Kept on: TensorBoard only writes files. Every other switch is a service that sends data, or output.
_KEPT = "tensorboard"
_NO_ID = "0" * 64  # upstream uses a hash of the machine's network address


def quiet_settings(source: str, folders: Mapping[str, str]) -> dict[str, object] | None:
    """Return the complete settings of this version; upstream resets a file with other keys or types.

    Args:
        source: the text of `ultralytics/utils/__init__.py`.
        folders: the values of `datasets_dir`, `weights_dir` and `runs_dir`.

    Returns:
        None if the source has no such settings.
    """
    found = next(_managers(source), None)
    if found is None:
        return None
    version, defaults = found
    fixed = {"settings_version": version, "uuid": _NO_ID, **folders}
    return {key: fixed.get(key, _quiet(key, value)) for key, value in defaults.items()}


def _quiet(key: str, value: object) -> object:
    return False if isinstance(value, bool) and key != _KEPT else value


def _managers(source: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the version and the defaults of the class that manages the settings."""
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.ClassDef) and node.name == "SettingsManager":
            init = method(node, "__init__")
            if init is None:
                continue
            tables = [n.value for n in ast.walk(init) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Dict)]
            defaults = [n.value for n in init.args.defaults if isinstance(n, ast.Constant)]
            versions = [value for value in defaults if isinstance(value, str)]
            if tables and versions:
                yield versions[-1], {key: _constant(value) for key, value in _items(tables[0])}


def _parsed(source: str) -> ast.AST:
    try:
        return parse(source)
    except SyntaxError:
        return ast.Module([], [])


def _items(table: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(table.keys, table.values):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value


def _constant(value: ast.expr) -> object:
    return value.value if isinstance(value, ast.Constant) else ""  # computed values are texts
