"""Write the patch of a module without a tutorial for a release, and check what the module relies on."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import AnchorNotFound
from yolopatch.core.code.own_files import own_file, own_layers_file
from yolopatch.core.own.patch import files_read, own_changes
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.core.patch.write_patches import write_module_patch
from yolopatch.core.port.contract import Conflict, syntax_conflict
from yolopatch.core.port.porting import CONFLICT, PORTED, THERE, Outcome, check_module
from yolopatch.errors import YolopatchError


def port_own(
    pin: Pin, module: Module, flavor: str, paste: Pasted, files: Mapping[str, str], templates: SandboxedEnvironment
) -> Outcome:
    """Write the patch of a module without a tutorial for a release, and check everything that it relies on.

    Args:
        pin: the release as a pin.
        flavor: one that the module has.
        paste: the pasted file, parsed.
        files: the texts of the release by path.
        templates: finds the templates of `upstream/`.
    """
    if own_file(pin, module) in files:
        return Outcome(module.name, flavor, THERE)
    paths = (path for path in files_read(pin, module, paste) if path in files)
    broken = tuple(one for path in paths if (one := syntax_conflict(path, files[path])))
    if broken:
        return Outcome(module.name, flavor, CONFLICT, conflicts=broken)
    try:
        added, _ = own_changes(pin, module, paste, files, templates, flavor)
        texts = {change.path: change.text for change in added}
        # the class around a block is written with the arguments of the release's own block: nothing to compare
        classes = texts[own_layers_file(pin, module)] if module.stands_for_conv else ""
        conflicts = () if module.kind == LOSS else check_module(pin, module, classes, added[-1].text, files)
        if module.home:
            patch = write_own_patch(pin, module.name, module.paper, added, files)
        else:
            patch = write_module_patch(pin, module, flavor, added, files)
    except AnchorNotFound as error:
        conflicts = (Conflict.of(error),)
    except YolopatchError as error:
        conflicts = (_refused(module, error, "a release that has it, and no class with its name"),)
    if conflicts:
        return Outcome(module.name, flavor, CONFLICT, conflicts=conflicts)
    return Outcome(module.name, flavor, PORTED, patch)


def unreadable_own(module: Module, flavor: str, error: YolopatchError) -> Outcome:
    """Return the outcome of a user's own module whose file in the catalog cannot be used."""
    conflict = _refused(module, error, f"its file in your catalog, as `yolopatch add` stored it ({error.hint})")
    return Outcome(module.name, flavor, CONFLICT, conflicts=(conflict,))


def _refused(module: Module, error: YolopatchError, expected: str) -> Conflict:
    """Return the conflict of a module that cannot be added to the release."""
    where = "; ".join(detail.removeprefix("found: ") for detail in error.details) or f"{module.name}'s file"
    return Conflict(f"what {module.name} needs", where, expected, error.what)
