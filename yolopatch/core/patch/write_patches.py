"""Write the patch of a module or of the stamp for a pin, from the source file and the pristine text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.checkpoint.stamps import StampLine
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS, Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.module_code import module_changes
from yolopatch.core.edits import Change
from yolopatch.core.patch.patch_file import write_patch
from yolopatch.core.patch.stamping import stamp_changes
from yolopatch.core.workspace.commit_message import STAMP_BODY, STAMP_SUBJECT

_FLAVOR_WORDS = {
    "paper": "Does what the paper says, as a full replacement of the layer it stands for.",
    "tutorial": "Does what the blog post's printed code does, defects included.",
}
_LOSS_WORDS = {
    FLAVORS[0]: "Does what the paper says, in the place of the overlap in upstream's box loss.",
    ASSIGNER_FLAVOR: "Does what the paper says, in the place of the overlap in upstream's box loss, and in that of the"
    " overlap by which boxes are assigned.",
}


def module_patch(
    pin: Pin, module: Module, flavor: str, source: str, originals: Mapping[str, str], templates: SandboxedEnvironment
) -> str:
    """Return the text of the patch that adds a module to a pin; arguments as in `module_changes`.

    Raises:
        AnchorNotFound: the position of a line was not found in the pin.
    """
    return write_module_patch(
        pin, module, flavor, module_changes(pin, module, flavor, source, originals, templates), originals
    )


def write_module_patch(
    pin: Pin, module: Module, flavor: str, added: Sequence[Change], originals: Mapping[str, str]
) -> str:
    """Return the text of the patch with these changes of a module."""
    words = _LOSS_WORDS if module.kind == LOSS else _FLAVOR_WORDS
    body = f"{module.paper}.\n\n{words[flavor]}"
    return write_patch(f"Add {module.name} ({flavor}) to {pin.name}", body, added, originals)


def stamp_patch(pin: Pin, lines: Sequence[StampLine], source: str, originals: Mapping[str, str]) -> str:
    """Return the text of the patch that stamps the pin's checkpoints; arguments as in `stamp_changes`.

    Raises:
        AnchorNotFound: the position of a line was not found in the pin.
    """
    added = stamp_changes(pin, lines, source, originals)
    return write_patch(f"{STAMP_SUBJECT}: {pin.name}", STAMP_BODY, added, originals)
