"""Make the patches that add a module, or the stamp of checkpoints, to a pin: from single sources and pristine text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.checkpoint.stamps import StampLine
from yolopatch.catalog.modules import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.module_code import additions
from yolopatch.core.edits import Change
from yolopatch.core.patch.patch_file import write_patch
from yolopatch.core.patch.stamping import stamping
from yolopatch.core.workspace.commit_message import STAMP_BODY, STAMP_SUBJECT

_OWN_WORDS = "A module of the user's own, as it was pasted; what runs by itself is left out."
_FLAVOR_WORDS = {
    "paper": "Does what the paper says, as a full replacement of the layer it stands for.",
    "tutorial": "Does what the blog post's printed code does, defects included.",
}


def module_patch(
    pin: Pin, module: Module, flavor: str, source: str, originals: Mapping[str, str], templates: SandboxedEnvironment
) -> str:
    """Return the text of the patch that adds a module to a pin; arguments as `additions` has them.

    Raises:
        AnchorNotFound: the pin has no place where a line belongs.
    """
    return write_module_patch(
        pin, module, flavor, additions(pin, module, flavor, source, originals, templates), originals
    )


def write_module_patch(
    pin: Pin, module: Module, flavor: str, added: Sequence[Change], originals: Mapping[str, str]
) -> str:
    """Return the text of the patch that makes these additions of a module's."""
    body = f"{module.paper}.\n\n{_FLAVOR_WORDS[flavor]}"
    return write_patch(f"Add {module.name} ({flavor}) to {pin.name}", body, added, originals)


def write_own_patch(pin: Pin, module: Module, added: Sequence[Change], originals: Mapping[str, str]) -> str:
    """Return the text of the patch that makes these additions of a user's own module."""
    return write_patch(f"Add {module.name} to {pin.name}", f"{module.paper}.\n\n{_OWN_WORDS}", added, originals)


def stamp_patch(pin: Pin, places: Sequence[StampLine], source: str, originals: Mapping[str, str]) -> str:
    """Return the text of the patch that stamps the pin's checkpoints; arguments as `stamping` has them.

    Raises:
        AnchorNotFound: the pin has no place where a line belongs.
    """
    added = stamping(pin, places, source, originals)
    return write_patch(f"{STAMP_SUBJECT}: {pin.name}", STAMP_BODY, added, originals)
