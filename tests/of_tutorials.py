"""The modules of the tutorials, by name: those that tests of a product of modules take."""

from __future__ import annotations

from yolopatch.catalog.built_in.tutorials import TUTORIALS

MODULES = {module.name: module for module in TUTORIALS}
