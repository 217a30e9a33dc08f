"""Why the code of a tree cannot be imported, or a model not be built: the reason in one sentence, from the cause."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from traceback import walk_tb

from ...wire.fork.models import (
    CFG,
    CODE,
    EXTENSION,
    GPU,
    NETWORK,
    OUTDATED,
    OWN_FILE,
    PACKAGE,
    PLACE,
    PROGRAM,
    SYNTAX,
    Absent,
    ForkModelRequest,
    Unbuilt,
)
from ...wire.messages import UpstreamRequest
from ..build.failures import build_request, explain
from ..build.subject import Subject
from ..explain.raising import causes, first_line, line_in
from ..upstreams.upstream import Upstream
from .absent import AbsentError, is_about_a_stand_in
from .lacking import is_installed, is_own, lack_of, told, tried_imports
from .opening import Tree

_LONGEST = 300  # characters of a message


@dataclass(frozen=True)
class Asked:
    """The model that was being built from an imported tree."""

    upstream: Upstream
    request: ForkModelRequest


@dataclass(frozen=True)
class _Raised:
    """An exception of the tree's code.

    Attributes:
        error: the exception.
        root: the folder of the tree.
        at: the innermost line of the tree, `file:line`; "" where none is.
        layer: the layer that was being made or run, `layer 3 (Conv)`; "" where none was.
        absent: what the tree lacks, as far as that is known.
        asked: the model; None while the tree is imported.
    """

    error: BaseException
    root: Path
    at: str
    layer: str
    absent: Sequence[Absent]
    asked: Asked | None

    @property
    def who(self) -> str:
        """The start of a sentence: the layer, or the line."""
        return ", ".join(filter(None, (self.layer, self.at))) or "the code"


@dataclass(frozen=True)
class _Reason:
    kind: str
    why: str
    hint: str = ""
    absent: Absent | None = None


def reason_of(error: BaseException, tree: Tree, asked: Asked | None = None) -> Unbuilt:
    """Return why a tree cannot be imported, or a model of it not be built or run.

    Args:
        error: what its code raised.
        tree: the tree.
        asked: the model; None while the tree is imported.
    """
    at = line_in(tree.root, error)
    found = _Raised(error, tree.root, at.partition(" in ")[0], _layer(error), tree.absent, asked)
    reason = next(filter(None, (rule(found) for rule in _RULES)))
    if asked is None and tree.absent and reason.kind in (CODE, OUTDATED):
        reason = _lacks(tree.absent[0])  # what code makes of a stand-in is no fault of its own
    return Unbuilt(
        reason.kind,
        reason.why,
        f"{type(error).__name__}: {first_line(error)[:_LONGEST]}",
        at,
        reason.hint,
        tuple(_first(reason.absent, tree.absent)),
    )


def _first(stops: Absent | None, absent: Sequence[Absent]) -> Iterator[Absent]:
    """Yield what a tree lacks, what stops it first."""
    if stops:
        yield next((one for one in absent if one.name == stops.name), stops)
    yield from (one for one in absent if not stops or one.name != stops.name)


def _layer(error: BaseException) -> str:
    """Return the layer that parse_model was making, or that the model was running: `layer 3 (Conv)`."""
    for frame, _ in walk_tb(error.__traceback__):
        seen = frame.f_locals
        if frame.f_code.co_name == "parse_model" and isinstance(seen.get("i"), int):
            return f"layer {seen['i']} ({_name_of(seen.get('m'))})"
        if "y" in seen and isinstance(getattr(seen.get("m"), "i", None), int):
            return f"layer {seen['m'].i} ({type(seen['m']).__name__})"
    return ""


def _name_of(made: object) -> str:
    """Return the name of what parse_model makes, which is a word of the file until it has found the class."""
    return made if isinstance(made, str) else getattr(made, "__name__", type(made).__name__)


# The rules: the first that knows the exception says the reason


def _sealed(found: _Raised) -> _Reason | None:
    """The seal refused what a model has no need for."""
    for one in causes(found.error):
        refused = _REFUSED.search(str(one))
        if refused:
            if any(Path(frame.f_code.co_filename).name == _COMPILER for frame, _ in walk_tb(one.__traceback__)):
                return _Reason(EXTENSION, f"{found.who} compiles an extension, {refused[2].lstrip(': ')[:200]}")
            return _refusal(found.who, refused[1], refused[2][:200])
    return None


def _refusal(who: str, what: str, which: str) -> _Reason:
    """Return the reason for what the seal refused: `other files`, and `: /etc/passwd` or nothing."""
    if what == "the network":
        return _Reason(NETWORK, f"{who} uses the network{which}")
    if what == "other files":
        return _Reason(PLACE, f"{who} writes a file outside its own folder{which}")
    if what == "other processes":
        return _Reason(PROGRAM, f"{who} ends another process{which}")
    return _Reason(PROGRAM, f"{who} starts another program{which}")


_COMPILER = "cpp_extension.py"  # torch's
_REFUSED = re.compile(r"yolopatch keeps this process from (the network|other programs|other files|other processes)(.*)")


def _not_python(found: _Raised) -> _Reason | None:
    """A file is no Python of this version."""
    error = next((one for one in causes(found.error) if isinstance(one, SyntaxError)), None)
    if error is None:
        return None
    file = Path(error.filename or "")
    inside = file.is_absolute() and file.resolve().is_relative_to(found.root.resolve())
    where = f"{file.resolve().relative_to(found.root.resolve()).as_posix()}:{error.lineno}" if inside else found.at
    return _Reason(SYNTAX, f"{where or 'a file'} is no Python of {_python()}: {error.msg}")


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _uses_absent(found: _Raised) -> _Reason | None:
    """A layer uses a stand-in."""
    error = next((one for one in causes(found.error) if isinstance(one, AbsentError)), None)
    if error is None:
        missing = next((one for one in found.absent if one.reason == PACKAGE), None)
        return _lacks(missing) if missing and any(map(is_about_a_stand_in, causes(found.error))) else None
    known = next((one for one in found.absent if one.name == error.absent), None)
    if known is not None and ":" in known.name:
        return _Reason(known.reason, f"{found.layer or 'the model'} needs {error.used}: {known.what}", absent=known)
    return _lacks(told(error.absent, f"{found.who} uses {error.used}", found.at, found.root))


def _cannot_import(found: _Raised) -> _Reason | None:
    """A module or a name is not there, or does not load."""
    lack = lack_of(found.error, found.root)
    if lack is not None:
        return _lacks(lack)
    for error in causes(found.error):
        if isinstance(error, ImportError) and error.name and not is_installed(error.name.partition(".")[0]):
            return _lacks(told(error.name, f"{found.who} needs {error.name}", found.at, found.root))
        if isinstance(error, ImportError) and error.name:
            kind = OWN_FILE if is_own(error.name, found.root) else OUTDATED
            return _Reason(kind, f"{found.who} cannot import {error.name}: {first_line(error)[:_LONGEST]}")
    return None


def _lacks(lack: Absent) -> _Reason:
    return _Reason(lack.reason, lack.what, absent=lack)


def _guarded_import(found: _Raised) -> _Reason | None:
    """A name comes from an import that the code tried, and that failed."""
    if not isinstance(found.error, (NameError, TypeError, AttributeError)):
        return None
    file, _, line = found.at.rpartition(":")
    if not file:
        return None
    source = (found.root / file).read_text(encoding="utf-8", errors="replace")
    words = set(re.findall(r"\w+", source.splitlines()[int(line) - 1]))
    for name, module in tried_imports(source):
        top = module.partition(".")[0]
        if name in words and not is_installed(top):
            return _lacks(told(module, f"{found.who} uses {name}", found.at, found.root))
    return None


_NEEDS_GPU = re.compile(
    r"Torch not compiled with CUDA|Found no NVIDIA driver|No CUDA GPUs are available|CUDA (?:driver|error)|"
    r"(?:must be|only supports?|Expected) (?:a |on )?CUDA|is_cuda|not implemented on the CPU|"
    r"Cannot find backend for cpu|libcud\w+\.so|pointer argument .* cannot be accessed from Triton|"
    r"CUDA_HOME environment variable is not set",
    re.IGNORECASE,
)


def _needs_gpu(found: _Raised) -> _Reason | None:
    """It runs on a GPU alone."""
    if not any(_NEEDS_GPU.search(str(one)) for one in causes(found.error)):
        return None
    return _Reason(GPU, f"{found.who} runs only on a GPU: {first_line(found.error)[:_LONGEST]}")


_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]|^\\\\")


def _not_there(found: _Raised) -> _Reason | None:
    """It reads a file that is not there: one of its own that was not published, or one of its author's machine."""
    for error in causes(found.error):
        if isinstance(error, OSError) and error.filename is not None:
            return _missing_file(found, os.fsdecode(error.filename))
    return None


def _missing_file(found: _Raised, file: str) -> _Reason:
    path, root = Path(file), found.root.resolve()
    if path.is_absolute() and path.resolve().is_relative_to(root):
        own = path.resolve().relative_to(root).as_posix()
        return _Reason(OWN_FILE, f"{found.who} reads {own}, which the fork does not have")
    if not (_WINDOWS.match(file) or path.is_absolute()):
        return _Reason(PLACE, f"{found.who} reads {file}, which is not in the folder that it is started in")
    whose = "a path of its author's machine" if _is_written(file, root) else "which is not there"
    return _Reason(PLACE, f"{found.who} reads {file}, {whose}")


def _is_written(file: str, root: Path) -> bool:
    """Tell whether code or a YAML of the tree names a path, or a folder above it: this machine's own are computed."""
    kind = PureWindowsPath if _WINDOWS.match(file) else PurePosixPath
    folders = [one for one in (kind(file), *kind(file).parents) if len(one.parts) > 2]
    places = {text for one in folders for text in (str(one), one.as_posix())}
    written = (one for one in root.rglob("*") if one.suffix in (".py", ".yaml", ".yml") and one.is_file())
    texts = (one.read_text(encoding="utf-8", errors="replace").replace("\\\\", "\\") for one in written)
    return any(place in text for text in texts for place in places)


_NO_ATTRIBUTE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")


def _other_release(found: _Raised) -> _Reason | None:
    """It was written for another release of a library."""
    for error in causes(found.error):
        lacks = _NO_ATTRIBUTE.match(str(error)) if isinstance(error, AttributeError) else None
        if lacks:
            module, name = lacks.groups()
            top = module.partition(".")[0]
            if is_own(module, found.root):
                return _Reason(OWN_FILE, f"{found.who} uses {module}.{name}, which the fork does not have")
            version = getattr(sys.modules.get(top), "__version__", "")
            return _Reason(OUTDATED, f"{found.who} uses {module}.{name}, which {top} {version} does not have")
    return None


def _ends(found: _Raised) -> _Reason | None:
    """It ends the process."""
    if not isinstance(found.error, SystemExit):
        return None
    return _Reason(PROGRAM, f"{found.who} ends the process")


def _unknown_class(found: _Raised) -> _Reason | None:
    """A row asks for a class that no file has."""
    frame = next((f for f, _ in walk_tb(found.error.__traceback__) if f.f_code.co_name == "parse_model"), None)
    asked = frame.f_locals.get("m") if frame else None
    if not (isinstance(found.error, KeyError) and isinstance(asked, str) and found.error.args == (asked,)):
        return None
    return _Reason(OWN_FILE, f"{found.layer} asks for {asked}, which no file of the fork defines")


def _while_built(found: _Raised) -> _Reason | None:
    """A layer cannot be made or run: told as `verify` tells it."""
    if found.asked is None:
        return None
    request = found.asked.request
    asked = UpstreamRequest(request.tree, request.style)
    subject = Subject(found.asked.upstream, build_request(asked, request.cfg, request.scale or None))
    told = explain(subject, found.error)
    return _Reason(CODE if found.layer else CFG, told.summary, told.hint)


def _other(found: _Raised) -> _Reason:
    """Anything else."""
    return _Reason(CODE, f"{found.who} raises {type(found.error).__name__}: {first_line(found.error)[:_LONGEST]}")


_RULES: tuple[Callable[[_Raised], _Reason | None], ...] = (
    _sealed,
    _not_python,
    _uses_absent,
    _cannot_import,
    _guarded_import,
    _needs_gpu,
    _not_there,
    _other_release,
    _ends,
    _unknown_class,
    _while_built,
    _other,
)
