"""Is the imported upstream the workspace's, and does the workspace hold what its commits say?"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ....wire.shell import in_turn, join, quote
from ....wire.statuses import FAIL, PASS, WARN
from ....wire.verification import History, Start, Starts
from ...build.subject import Subject
from ...protocol.findings import Finding
from ..evidence import sample
from ..rules import Rules
from ..wording import listed, plural

_CLONE_PACKAGES = ("models", "utils")  # of a yolov5 clone
_ENVIRONMENTS = ("site-packages", "dist-packages")  # of a virtual environment in the workspace

RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


class _Problem(NamedTuple):
    status: str
    summary: str
    hint: str


def check(subject: Subject) -> Finding:
    """Compare every file that Python has imported from the workspace with the same file in the commit.

    The parent has read the git history; it is in the request.
    """
    with suppress(Exception):  # `build` reports it; only the files that it imports matter here
        _ = subject.model
    root, history = Path(subject.request.workspace).resolve(), subject.request.history
    loaded = _loaded()
    outside = [f"{name}: {file}" for name, file in _upstreams(subject, loaded).items() if not _is_inside(file, root)]
    edited = _edited(loaded.values(), root, history) if history.commit else []
    beside = _beside_release(subject, loaded.values(), root)
    problems = [
        *_shadowed(outside, root),
        *_uncommitted(edited, root, history),
        *_broken_history(history),
        *_started_elsewhere(subject.request.starts, root),
        *_unchecked(history, beside, root),
        *_own_commits(history),
    ]
    evidence = {
        "commit": history.commit,
        "imported_from_workspace": sum(_is_inside(file, root) for file in loaded.values()),
        "outside": sample(outside),
        "edited": sample(edited),
        "tree_differs": sample(history.tree_differs),
        "own_commits": sample(history.own_commits),
        "starts": list(_told_starts(subject.request.starts, root)),
        "release": history.release,
        "changed": sample(beside.changed),
        "added": sample(beside.added),
        "note": history.note,
    }
    return _worst(problems, evidence)


def _worst(problems: Sequence[_Problem], evidence: dict[str, Any]) -> Finding:
    if not problems:
        count, commit = evidence["imported_from_workspace"], evidence["commit"]
        return Finding(PASS, f"all {count} imported files are as in commit {commit[:12]}", evidence)
    worst = next((problem for problem in problems if problem.status == FAIL), problems[0])
    others = [problem for problem in problems if problem is not worst]
    summary = "; ".join((worst.summary, *(problem.summary for problem in others)))
    also = [f"{problem.summary}; next: {problem.hint}" for problem in others]
    return Finding(worst.status, summary, {**evidence, "also": also}, worst.hint)


def _loaded() -> dict[str, Path]:
    """Return the source file of every module that Python has imported, by name."""
    files = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
    return {name: Path(file).resolve() for name, file in files if file}


def _upstreams(subject: Subject, loaded: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files of upstream's own modules."""
    packages = _CLONE_PACKAGES if subject.upstream.package == "models" else (subject.upstream.package,)
    return {name: file for name, file in loaded.items() if name.partition(".")[0] in packages}


def _is_inside(file: Path, root: Path) -> bool:
    return file.is_relative_to(root) and not set(_ENVIRONMENTS) & set(file.relative_to(root).parts)


def _edited(loaded: Iterable[Path], root: Path, history: History) -> list[str]:
    """Return the imported files of the workspace that differ from the commit's."""
    files = sorted({file for file in loaded if _is_inside(file, root)})
    names = {file.relative_to(root).as_posix(): file for file in files}
    return [name for name, file in names.items() if history.blobs.get(name) not in _blobs(file.read_bytes())]


def _blobs(content: bytes) -> set[str]:
    """Return the git blob ids of a file's content, as it is and with the line ends that git may have changed."""
    return {_blob(content), _blob(content.replace(b"\r\n", b"\n"))}


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _shadowed(outside: Sequence[str], root: Path) -> Iterator[_Problem]:
    if outside:
        yield _Problem(
            FAIL,
            f"an installed copy shadows the workspace: {plural(len(outside), 'file')} of upstream came from "
            f"elsewhere, first {outside[0]}",
            f"uninstall that copy, or install the workspace instead: pip install -e {quote(root)}",
        )


def _uncommitted(edited: Sequence[str], root: Path, history: History) -> Iterator[_Problem]:
    if edited:
        yield _Problem(
            FAIL,
            f"{plural(len(edited), 'imported file')} with changes that are not in commit {str(history.commit)[:12]}: "
            f"{', '.join(edited[:3])}",
            f"commit your changes, so that others can get the same model: {_commit_command(edited, root, history)}",
        )


def _commit_command(edited: Sequence[str], root: Path, history: History) -> str:
    """Return what commits these files; git takes those that it does not know only by name."""
    new = [name for name in edited if name not in history.blobs]
    commit = join(["git", "-C", str(root), "commit", "-a"])
    return in_turn(join(["git", "-C", str(root), "add", *new]), commit) if new else commit


def _broken_history(history: History) -> Iterator[_Problem]:
    if history.tree_differs:
        yield _Problem(
            FAIL,
            f"the files are not what yolopatch's commits say: {history.tree_differs[0]}",
            "apply the modules to a new workspace and compare it with this one",
        )


def _unchecked(history: History, beside: _Beside, root: Path) -> Iterator[_Problem]:
    """Say what could not be checked; of a checkout that yolopatch did not make, what differs from its release."""
    if not history.ours:
        git = "" if history.commit else ", and it is not in a git repository, so no commit names its files"
        first = f"git -C {quote(root)} init, then commit it" if git else "name its commit and its release"
        yield _Problem(
            WARN,
            f"yolopatch did not make this checkout{git}; {beside.told}",
            f"so that others can get the same model: {first}, or make your module one of a workspace: "
            "yolopatch add FILE.py --class CLASS",
        )
    elif history.note:
        yield _Problem(
            WARN,
            f"the content of commit {str(history.commit)[:12]} is not checked: {history.note}",
            "apply its modules again (your own with --update), which uses today's patches, or verify with the version "
            "of yolopatch that made it",
        )


def _own_commits(history: History) -> Iterator[_Problem]:
    if history.own_commits:
        yield _Problem(
            WARN,
            f"{plural(len(history.own_commits), 'commit')} of your own on top of yolopatch's: {history.own_commits[0]}",
            "where you cite this model, name your own commit with the module's",
        )


# What differs from the release


class _Beside(NamedTuple):
    """A checkout that yolopatch did not make, beside the release that its files name.

    Attributes:
        changed, added: imported files that the release has in another way, or has not.
        told: in a sentence.
    """

    changed: Sequence[str] = ()
    added: Sequence[str] = ()
    told: str = ""


def _beside_release(subject: Subject, loaded: Iterable[Path], root: Path) -> _Beside:
    request = subject.request
    if request.history.ours:
        return _Beside()
    if request.pristine is None:
        why = request.no_pristine.why if request.no_pristine else "it is not at hand"
        return _Beside(told=f"its files are not compared with the release: {why}")
    files = sorted({file for file in loaded if _is_inside(file, root)})
    names = [file.relative_to(root).as_posix() for file in files]
    added = [name for name in names if not (Path(request.pristine) / name).is_file()]
    both = [name for name in names if name not in added]
    changed = [name for name in both if not _same(root / name, Path(request.pristine) / name)]
    return _Beside(changed, added, _beside_told(request.history.release, len(names), changed, added))


def _same(file: Path, other: Path) -> bool:
    return bool(_blobs(file.read_bytes()) & _blobs(other.read_bytes()))


def _beside_told(release: str, count: int, changed: Sequence[str], added: Sequence[str]) -> str:
    parts = [
        f"{plural(len(names), 'imported file')} {how} ({', '.join(names[:3])}{', …' * (len(names) > 3)})"
        for names, how in ((changed, "changed"), (added, "added"))
        if names
    ]
    what = listed(parts) if parts else f"all {count} imported files are the same"
    return f"beside the released {release}, {what}"


# What the user's own commands import


def _is_from(start: Start, root: Path) -> bool:
    return bool(start.file) and _is_inside(Path(start.file).resolve(), root)


def _started_elsewhere(starts: Starts | None, root: Path) -> Iterator[_Problem]:
    """Warn of the ways that import another copy. Where a way finds no copy at all, it ends: that deceives nobody."""
    others = [one for one in starts.ways if one.file and not _is_from(one, root)] if starts else []
    if starts and others:
        hows = listed([one.how for one in others])
        yield _Problem(
            WARN,
            f"{hows}, Python imports another copy of {starts.module}, {others[0].file}, and not the one that was "
            "verified",
            f"to train the verified model in every way: {starts.remedy}",
        )


def _told_starts(starts: Starts | None, root: Path) -> Iterator[str]:
    """Yield a sentence for each way."""
    if starts is None:
        return
    if starts.problem:
        yield f"it is not known what your own commands import: {starts.problem}"
    for one in starts.ways:
        if _is_from(one, root):
            yield f"{one.how}, Python imports {starts.module} from this checkout"
        elif one.file:
            yield f"{one.how}, Python imports {starts.module} from {one.file}"
        else:
            yield f"{one.how}, Python finds no {starts.module} before this: {starts.remedy}"
