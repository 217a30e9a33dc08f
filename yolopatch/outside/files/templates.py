"""The project's own templates, loaded from where they lie, and the model YAMLs that they make."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.resources import templates_dir
from yolopatch.core.model.cfg_text import Cfg, file_name, render_text
from yolopatch.core.templates import template_environment


@cache
def load_templates() -> SandboxedEnvironment:
    """Return the environment that finds the templates."""
    return template_environment(FileSystemLoader(templates_dir()))


def write_cfg(cfg: Cfg, folder: Path) -> Path:
    """Write a model's YAML into the folder under the name that upstream reads its scale from; returns its path."""
    file = folder / file_name(cfg)
    file.write_text(render_text(cfg, load_templates()), encoding="utf-8")
    return file
