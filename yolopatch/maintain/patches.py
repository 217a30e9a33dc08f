"""Write every patch of a pin: from the modules' sources, the fixes, and the stamp's lines."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.checkpoint.stamps import STAMP_LINES
from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch
from yolopatch.catalog.module import ASSIGNER_FLAVOR, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import (
    fix_file,
    fork_source,
    patch_file,
    source_file,
    stamp_file,
)
from yolopatch.core.own.patch import files_needed, own_changes
from yolopatch.core.paste.reading import read_paste
from yolopatch.core.patch.compat import compat_edits
from yolopatch.core.patch.patch_file import write_patch
from yolopatch.core.patch.write_patches import module_patch, stamp_patch, write_module_patch
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import cache_dir, pristine


def render_patch(pin: Pin, module: Module, flavor: str, originals: dict[str, str]) -> str:
    """Return the text of one patch; `originals` is the pin's text of its parser and of the files with its modules."""
    file = source_file(module.source)
    if module.tutorial:
        return module_patch(pin, module, flavor, file.read_text(), originals, load_templates())
    added, _ = own_changes(pin, module, read_paste(file.read_bytes(), file.name), originals, load_templates(), flavor)
    return write_module_patch(pin, module, flavor, added, originals)


def render_fixes(pin: Pin, patch: FixPatch, originals: dict[str, str]) -> str:
    """Return the text of a fix patch; `originals` is the pin's text of the files that it changes."""
    fixes = patch.fixes_of(pin)
    reasons = dict.fromkeys(fix.reason for fix in fixes if fix.reason)
    body = "\n".join([patch.body, *([""] if reasons else []), *reasons])
    return write_patch(f"{patch.subject}: {pin.name}", body, compat_edits(fixes, originals), originals)


def render_stamp(pin: Pin, originals: dict[str, str]) -> str:
    """Return the text of the stamp's patch; `originals` is the pin's text of the files that it changes."""
    return stamp_patch(pin, STAMP_LINES[pin.name], fork_source().read_text(), originals)


def read_originals(pin: Pin) -> dict[str, str]:
    """Return the pin's text of the files that patches are made against."""
    fixes = {fix.path for patch in FIX_PATCHES for fix in patch.fixes_of(pin)}
    changed = {*fixes, *(place.path for place in STAMP_LINES[pin.name])}
    needed = (path for module in MODULES.values() for path in files_needed(pin, module))
    paths = sorted({pin.layout.parser, pin.layout.common, *needed, *changed})
    with pristine(pin, "auto", cache_dir()) as found:
        return dict(snapshot.pristine_reader(found.repository, found.blobs)(paths))


def flavors_of(pin: Pin, module: Module) -> tuple[str, ...]:
    """Return the flavors that a module has for a pin: only ultralytics assigns boxes by their overlap."""
    return tuple(one for one in module.flavors if one != ASSIGNER_FLAVOR or pin.layout.style == "ultralytics")


def write_patches(pin: Pin) -> str:
    """Write the pin's patches and return how many changed."""
    originals = read_originals(pin)
    written = [
        _write(patch_file(pin.name, module.name, flavor), render_patch(pin, module, flavor, originals))
        for module in MODULES.values()
        for flavor in flavors_of(pin, module)
    ]
    written += [
        _write(fix_file(pin.name, patch.name), render_fixes(pin, patch, originals))
        for patch in FIX_PATCHES
        if patch.fixes_of(pin)
    ]
    written.append(_write(stamp_file(pin.name), render_stamp(pin, originals)))
    return f"{len(written)} patches, {sum(written)} changed"


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return True
