"""`add`: make a module from a pasted file, and store it in the user's own catalog for all pins."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.kinds import ATTENTION, BACKBONE, CONVOLUTION, KINDS, LIKE, LOSS, STEMS
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES, names_of, own_stems
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS
from yolopatch.core.loss.choosing import choose_loss, losses_in
from yolopatch.core.loss.deciding import compares_boxes, decide_loss, loss_module
from yolopatch.core.loss.recognise import loss_of_method
from yolopatch.core.own.rows import Fit, fit_rows
from yolopatch.core.own.timm_source import timm_class, timm_source
from yolopatch.core.own.tried import NOT_ASKED, Tried, require_working
from yolopatch.core.paste.around.functions import around_function
from yolopatch.core.paste.around.layouts import around_layout
from yolopatch.core.paste.around.values import around_values, class_with, of_pasted
from yolopatch.core.paste.around.written import Written
from yolopatch.core.paste.calls import FROM_ARGS
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.deciding import Decision, decide, subject_of
from yolopatch.core.paste.entry import fits_row, own_module
from yolopatch.core.paste.judging.makers import Made as MadeClass
from yolopatch.core.paste.judging.makers import made_by, makes_module
from yolopatch.core.paste.overwritten import taken_attributes
from yolopatch.core.paste.reading import Pasted, choose_class
from yolopatch.core.paste.sifting import Wanted
from yolopatch.core.paste.text.post import Place
from yolopatch.core.paste.text.stated import stated_arguments, stated_placement
from yolopatch.errors import OpenError, UsageError, YolopatchError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.own.own_catalog import load_own_catalog, write_module
from yolopatch.steps.own.files import Lines, PastedFiles, files_of, read_files
from yolopatch.steps.own.try_pins import PinResult, after_trial, require_any, require_names, try_pin
from yolopatch.wire import shell

_USUAL_UPSTREAM = "ultralytics"
# builds a model with a module, by its patch for each pin that can have it, best pin first, and by the scale of each
# family at which it works
Build = Callable[[Module, Mapping[str, str], Mapping[str, str]], Tried]
# the files, with what was written below them, and what was made of them
Made = tuple[PastedFiles, Fit]
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)  # the devices of Windows


@dataclass(frozen=True)
class AddRequest:
    """The options of `add`; None for what is to be decided from the file.

    Attributes:
        file: the pasted file.
        timm: the name of a model of timm, for which the file is made.
        symbol: the class in it; of a loss, also a function; of a backbone, also a function that makes it.
        name: of the module; None for the class's name.
        like, args, outputs: see `core.paste.deciding.decide`.
        boxes, gives: of a loss, see `core.loss.deciding.decide_loss`.
        stride: of a class whose constructor has no argument for it.
        siblings: other files of the post, from which the file imports.
        packages: what the file imports, that looks like a file of the post and is an installed package.
        replace: whether to replace a module with this name in the catalog.
        tries: whether to build a model with the module.
    """

    file: Path | None = None
    symbol: str | None = None
    timm: str | None = None
    name: str | None = None
    like: str | None = None
    args: str | None = None
    boxes: str | None = None
    gives: str | None = None
    outputs: str | None = None
    stride: int = 1
    siblings: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    replace: bool = False
    tries: bool = False


@dataclass(frozen=True)
class AddedModule:
    """An added module.

    Attributes:
        sha256: of the pasted file.
        place: the first line of the class's constructor, and its file.
        decision: what the class is, and the arguments of its constructor.
        classes: the class names that a YAML may have.
        placement: the default placement.
        scales: by family, the smallest scale at which the module works in that placement; empty where nothing is known.
        pins: one result for each pin.
        packages: imported packages other than Python's library, torch and upstream; yolopatch does not install them.
        named_packages: those that the user said are packages.
        taken: attributes that parse_model overwrites on a layer, each with its line.
        tried: a model with the module.
        left_out: what of the files is no Python, and was left out.
        mended: lines that a page had changed, and how they were read.
        siblings: the files that were added to the file, each with its sha256.
        written: what the classes do that were written below the file, around the pasted one.
        changed: whether the catalog was changed.
    """

    module: str
    file: Path
    catalog: Path
    sha256: str
    place: str
    decision: Decision
    classes: tuple[str, ...]
    placement: str
    misfit: str
    scales: Mapping[str, str]
    pins: tuple[PinResult, ...]
    packages: tuple[str, ...]
    named_packages: tuple[str, ...]
    taken: tuple[tuple[str, int], ...]
    tried: Tried
    left_out: tuple[Lines, ...]
    mended: tuple[Lines, ...]
    siblings: tuple[tuple[str, str], ...]
    written: tuple[str, ...]
    changed: bool


def add(request: AddRequest, folder: Path, cache: Path, build: Build | None = None) -> AddedModule:
    """Read the file, decide what its class is, try it on the pins in the cache, and store it.

    Args:
        request: the file and the options.
        folder: the user's own catalog.
        cache: the cache of pins; nothing is fetched.
        build: builds a model with the module, for a request that tries it; None to build none.

    Raises:
        OpenError: the class, its name or the arguments of its constructor must be given.
        UsageError: an option does not fit the file, no pin can have the module, or a model with it fails.
        YolopatchError: the file is no Python, has no torch module, or has a loss in its place; or the catalog cannot
            be written.
    """
    request, files = _read(request)
    files, fit = _fit(files, request)
    paste, module, decision = files.paste, fit.module, fit.decision
    load_own_catalog(folder)
    name, symbol = module.name, decision.symbol
    _require_free(module)
    made = tuple(try_pin(pin, module, paste, cache) for pin in PINS.values())
    require_any([one.result for one in made], name)
    newest_first = made[::-1]
    best_first = sorted(newest_first, key=lambda one: PINS[one.result.pin].upstream != _USUAL_UPSTREAM)
    patches = {one.result.pin: one.patch for one in best_first if one.patch}
    tried = build(module, patches, fit.scales) if build and request.tries and module.kind != LOSS else NOT_ASKED
    if not decision.limited:  # else it has its place in a model of the user's own
        require_working(tried, name)
    changed = _store(module, files.stored, folder, request.replace)
    return AddedModule(
        module=name,
        file=request.file or Path(files.paste.name),
        catalog=folder,
        sha256=files.sha256,
        place=_shown(paste.place(decision.line)),
        decision=decision,
        classes=names_of(module)[:2] if module.stands_for_conv else (name,),
        placement=module.placement,
        misfit=module.misfit,
        scales=fit.scales,
        pins=tuple(after_trial(one.result, tried) for one in made),
        packages=tuple(dict.fromkeys(package for one in made for package in one.packages)),
        named_packages=request.packages,
        taken=() if module.kind in (CONVOLUTION, LOSS) else taken_attributes(paste, symbol),
        tried=tried,
        left_out=tuple(files.left_out),
        mended=tuple(files.mended),
        siblings=files.siblings,
        written=tuple(f"class {one.symbol}: {one.why}" for one in files.written),
        changed=changed,
    )


def _read(request: AddRequest) -> tuple[AddRequest, PastedFiles]:
    """Return the files, and the request with what is known of one that is made for a model of timm.

    Raises:
        UsageError: the request has neither a file nor a model, or both.
    """
    if (request.file is None) == (request.timm is None):
        what = "FILE.py is missing" if request.file is None else "--timm makes the file itself"
        raise UsageError(what, hint="yolopatch add MyConv.py, or yolopatch add --timm mobilenetv4_conv_small")
    if request.file:
        return request, read_files((request.file, *request.siblings), request.symbol or "", frozenset(request.packages))
    assert request.timm is not None
    symbol = timm_class(request.timm)
    known = replace(request, symbol=symbol, like=KINDS[BACKBONE].word, packages=(*request.packages, "timm"))
    return known, files_of(((f"{symbol}.py", timm_source(request.timm).encode()),))


def _made_of_function(files: PastedFiles, request: AddRequest, function: str, made: MadeClass) -> Made:
    """Make a module of a class, with the arguments that a function gives it: `def net_s(pretrained=False)`.

    It has the name of the function, and is a backbone: of layers, no function tells the arguments.
    """
    like = request.like or KINDS[BACKBONE].word
    name = request.name or function
    asked = replace(request, symbol=made.symbol, args=made.arguments, name=name, like=like)
    files, fit = _made_of_layer(files, asked)
    why = f"{function}() gives it"
    given = tuple(replace(one, why=why) if one.why == FROM_ARGS else one for one in fit.decision.given)
    because = fit.decision.why if request.like else f"{function}() makes it"
    return files, replace(fit, decision=replace(fit.decision, given=given, why=because))


def _decide(paste: Pasted, symbol: str, request: AddRequest) -> Decision:
    """Decide what the class is; an attention gets the values that the post's own YAML gives it."""
    stated = None if request.args else stated_arguments(paste.post.foreign, symbol)
    word = request.like
    try:
        decision = decide(paste, symbol, word, request.args, request.stride, request.outputs)
    except OpenError as error:
        if stated is None or error.option != "args":
            raise
        word = KINDS[ATTENTION].word
    else:
        if stated is None or decision.kind != ATTENTION:
            return decision
    found = decide(paste, symbol, word, stated, request.stride)
    why = "by the row of the post's YAML"
    return replace(found, given=tuple(replace(one, why=why) for one in found.given))


def _shown(place: Place) -> str:
    return f"line {place.line} of {place.file}"


def _is_loss(paste: Pasted, request: AddRequest) -> bool:
    """Tell whether a loss is to be added: the user says so, or the code of the file does."""
    if request.like is not None:
        return LIKE.get(request.like.casefold()) == LOSS
    if request.symbol in paste.functions:
        return True
    if not paste.modules:
        return bool(losses_in(paste))
    symbol = choose_class(paste, request.symbol)
    return loss_of_method(paste, symbol, "forward") is not None or compares_boxes(paste, symbol)


def _fit(files: PastedFiles, request: AddRequest) -> Made:
    """Make a module of the file: of a function that makes a class, of a loss, or of a layer."""
    paste, function = files.paste, request.symbol
    if function is not None and function in paste.functions:
        made = made_by(paste, function) if request.args is None else None
        if made:
            return _made_of_function(files, request, function, made)
        if makes_module(paste, function):
            return _made_of_written(files, request, around_function(paste, function))
    return (_made_of_loss if _is_loss(paste, request) else _made_of_layer)(files, request)


def _made_of_loss(files: PastedFiles, request: AddRequest) -> Made:
    symbol = choose_loss(files.paste, request.symbol)
    found = decide_loss(files.paste, symbol, request.args, request.boxes, request.gives)
    module = loss_module(found, _name(request.name or symbol, request), files.origin(symbol))
    return files, Fit(module, found.decision)


def _made_of_layer(files: PastedFiles, request: AddRequest) -> Made:
    paste = files.paste
    symbol = choose_class(paste, request.symbol)
    _refuse_loss(paste, symbol, request)
    require_names(paste, Wanted(symbol, packages=frozenset(request.packages)))
    constructor = read_constructor(paste, symbol)
    around = around_values(paste, symbol, constructor, request.args) if request.args else None
    if around:
        return _made_of_written(files, request, around)
    try:
        decision = _decide(paste, symbol, request)
    except OpenError:
        raise
    except UsageError:
        turned = around_layout(paste, symbol, request.like, request.args)
        if turned is None:
            raise
        return _made_of_written(files, request, turned)
    if not fits_row(decision, constructor):
        return _made_of_written(files, request, class_with(paste, symbol, constructor, decision.given))
    name = _name(request.name or symbol, request)
    origin = files.origin(files.pasted(symbol))
    module = own_module(decision, constructor, name, origin, request.stride)
    stated = stated_placement(decision, paste.post.foreign)
    module = replace(module, stated=stated, packages=request.packages)
    return files, fit_rows(subject_of(paste, symbol), module, decision)


def _made_of_written(files: PastedFiles, request: AddRequest, around: Written) -> Made:
    """Make a module of a class that is written around one of the files', under the name of that one."""
    asked = replace(request, symbol=around.symbol, name=request.name or around.around, args=around.args)
    whole, fit = _made_of_layer(files.with_class(around), asked)
    return whole, replace(fit, decision=of_pasted(fit.decision, files.paste, around))


def _refuse_loss(paste: Pasted, symbol: str, request: AddRequest) -> None:
    """Refuse a loss that the user takes for a layer."""
    loss = loss_of_method(paste, symbol, "forward")
    if loss:
        raise UsageError(
            f"--like {request.like}: {symbol} in {paste.name} is a loss, not a layer",
            details=[f"found: {loss.why}, line {loss.line}: {paste.line(loss.line).strip()}"],
            hint=f"yolopatch add {shell.quote(request.file)} --class {symbol} --like loss",
        )


def _name(name: str, request: AddRequest) -> str:
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name) or name.startswith("_"):
        raise UsageError(
            f"--name {name} is not a name for a Python class",
            details=["expected: English letters, digits and _, with a letter first; no keyword of Python"],
            hint="give the module another one: --name MyConv",
        )
    if _RESERVED.fullmatch(name):
        raise UsageError(
            f"--name {name}: on Windows, no file can have this name, so nobody could use the catalog there",
            hint=f"give the module another one: --name My{name}",
        )
    return name


def _require_free(new: Module) -> None:
    """Refuse a name of another module, or of one of upstream's classes."""
    hint = f"choose another name: --name My{new.name}"
    if fold(new.name) in map(fold, STEMS):
        raise _name_taken(f"the name {new.name} is taken: upstream has a class {new.name}", hint)
    names = {fold(name): name for name in names_of(new)}
    for module in MODULES.values():
        replaced = module.home and module.name == new.name
        shared = [] if replaced else [names[fold(name)] for name in names_of(module) if fold(name) in names]
        if shared:
            why = "" if shared[0] == new.name else f", and {new.name} would have a class of this name, too"
            raise _name_taken(f"the name {shared[0]} is taken by the module {module.name}{why}", hint)
        files = [] if replaced or not module.home else sorted(own_stems(module) & own_stems(new))
        if files:
            raise _name_taken(f"the name {new.name} gives {files[0]}.py, a file of your module {module.name}", hint)


def _name_taken(what: str, hint: str) -> OpenError:
    return OpenError("name", "name of the module", {}, what, hint=hint)


def _store(module: Module, data: bytes, folder: Path, replace: bool) -> bool:
    """Write the module's file and entry; return whether anything was written."""
    file = folder / "modules" / f"{module.source}.py"
    have = MODULES.get(module.name)
    same = have and _plain(have) == _plain(module) and file.is_file() and file.read_bytes() == data
    if same:
        return False
    if have and not replace:
        raise UsageError(
            f"the name {module.name} is taken by another module in {folder}",
            details=[f"stored: {have.paper}", f"new:    {module.paper}"],
            hint=f"replace it: --replace; or give this one another name: --name My{module.name}",
        )
    try:
        write_module(module, folder, data)
    except OSError as error:
        raise YolopatchError(
            f"cannot write to your own catalog {folder}: {error.strerror}; nothing was changed",
            hint=advice(number_of(error), folder, "name another folder with --catalog"),
        ) from error
    return True


def _plain(module: Module) -> list[tuple[str, object]]:
    return [(key, value) for key, value in vars(module).items() if key != "home"]
