"""Which pins can have a user's own module: its patch is made for each, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.own.patch import imported_files, wanted_of
from yolopatch.core.own.tried import BUILT, Tried
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.sifting import Wanted
from yolopatch.core.patch.compose import check_compiles, compose, touched
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import cached
from yolopatch.steps.own.patch import patch_of_paste

READY, REFUSED, UNTRIED = "ready", "refused", "not tried"


@dataclass(frozen=True)
class PinResult:
    """Whether a pin can have the module.

    Attributes:
        state: READY (its patch was made and compiles), REFUSED, or UNTRIED (the pin is not in the cache).
        why: the reason for REFUSED or UNTRIED.
        hint: what to do about it.
        left_out: the pasted lines that the patch leaves out, first and last, with the reason.
        imported: the imports that the patch adds or changes.
        built: whether a model with the module was built and run.
        renamed: calls of upstream's classes that the patch gives their arguments in another way, each with its line.
    """

    pin: str
    state: str
    why: str = ""
    hint: str = ""
    left_out: tuple[tuple[int, int, str], ...] = ()
    imported: tuple[str, ...] = ()
    built: bool = False
    renamed: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Made:
    """What a pin makes of a module: the result, the patch, and the packages that the module needs."""

    result: PinResult
    patch: str = ""
    packages: tuple[str, ...] = ()


def try_pin(pin: Pin, module: Module, paste: Pasted, cache: Path) -> Made:
    """Make the module's patch for a pin, in memory."""
    stored = cached(pin, cache)
    if stored is None:
        return _unseen(pin, module, paste)
    read = snapshot.pristine_reader(stored.repository, stored.blobs)
    try:
        text, fitted = patch_of_paste(pin, module, paste, read)
        patch = parse_patch(text, f"{module.name}'s patch")
        check_compiles(compose(read(touched([patch])), [patch], stored.blobs))
    except YolopatchError as error:
        return Made(_refused(pin, error))
    return Made(_ready(pin, paste, fitted), text, fitted.packages)


def after_trial(result: PinResult, tried: Tried) -> PinResult:
    """Return what is known of a pin after models were built with the module."""
    why = dict(tried.refused).get(result.pin)
    if why is not None:
        return replace(result, state=REFUSED, why=f"a model with it fails: {why}")
    return replace(result, built=tried.state == BUILT and result.pin == tried.pin)


def require_any(results: Sequence[PinResult], name: str) -> None:
    """Refuse a module that no pin can have.

    Raises:
        UsageError: every pin refuses it; the reasons are in the details.
    """
    refused = [one for one in results if one.state == REFUSED]
    if len(refused) == len(results):
        raise UsageError(
            f"no pin can have {name}",
            details=_reasons(refused),
            hint="; ".join(_hints(refused)),
        )


def _hints(refused: Sequence[PinResult]) -> list[str]:
    """Return what to do, each once: of a hint and a longer one that begins like it, the longer one."""
    hints = [*dict.fromkeys(one.hint for one in refused if one.hint)]
    return [one for one in hints if not any(other != one and other.startswith(one) for other in hints)]


def require_names(paste: Pasted, wanted: Wanted) -> None:
    """Refuse a class that needs what none of our own pins has: another file of the post.

    Before anything is decided: the file may have half of the class. A pin of the user's own may have more.

    Raises:
        UsageError: as `require_any`.
    """
    if any(pin.home for pin in PINS.values()):
        return
    results = []
    for pin in PINS.values():
        refused = _refused_as_shipped(pin, paste, wanted)
        if refused is None:
            return
        results.append(refused)
    require_any(results, wanted.symbol)


def _refused_as_shipped(pin: Pin, paste: Pasted, wanted: Wanted) -> PinResult | None:
    """Return why a pin refuses a class, by what is known of the pin without its text; None if it does not."""
    try:
        fit(paste, wanted, Upstream.as_shipped(pin.name, imported_files(pin, paste)))
    except YolopatchError as error:
        return _refused(pin, error)
    return None


def _unseen(pin: Pin, module: Module, paste: Pasted) -> Made:
    """Say of a pin that is not in the cache what is known without its text: whether it has what the module needs."""
    if not pin.home and module.kind != LOSS:
        refused = _refused_as_shipped(pin, paste, wanted_of(module))
        if refused:
            return Made(refused)
    return Made(PinResult(pin.name, UNTRIED, "the pin is not in the cache; yolopatch apply will try it"))


def _refused(pin: Pin, error: YolopatchError) -> PinResult:
    return PinResult(pin.name, REFUSED, "; ".join([error.what, *error.details]), error.hint)


def _ready(pin: Pin, paste: Pasted, fitted: Fitted) -> PinResult:
    left_out = tuple(_in_its_file(paste, *one) for one in fitted.left_out)
    renamed = tuple((paste.place(line).line, said) for line, said in fitted.renamed)
    return PinResult(pin.name, READY, left_out=left_out, imported=fitted.imported, renamed=renamed)


def _in_its_file(paste: Pasted, first: int, last: int, why: str) -> tuple[int, int, str]:
    """Return lines of the text as lines of the file that they come from; of another file, with its name."""
    start, end = paste.place(first), paste.place(last)
    return start.line, end.line, why if start.file == paste.name else f"{why}, in {start.file}"


def _reasons(refused: Sequence[PinResult]) -> list[str]:
    """Return why each pin is refused; once, if it is the same for all."""
    same = {one.why.replace(one.pin, "any pin") for one in refused}
    return [*same] if len(same) == 1 else [f"{one.pin}: {one.why}" for one in refused]
