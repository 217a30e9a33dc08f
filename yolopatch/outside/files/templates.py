"""The templates that yolopatch has, and the model YAMLs that are rendered from them."""

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
    """Return the Jinja environment with the templates."""
    return template_environment(FileSystemLoader(templates_dir()))


def write_cfg(cfg: Cfg, folder: Path) -> Path:
    """Write a model's YAML into the folder and return its path; upstream reads the scale from the file name."""
    file = folder / file_name(cfg)
    file.write_bytes(render_text(cfg, load_templates()).encode())
    return file
