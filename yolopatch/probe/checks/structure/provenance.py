"""The upstream that is imported is the workspace's, and the workspace is what its commits say."""

import hashlib
import sys
from contextlib import suppress
from pathlib import Path

from ....wire.statuses import FAIL, PASS, WARN
from ...protocol.findings import Finding
from ..rules import Rules

_MOST = 20  # entries of a list in the evidence
_V61 = ("models", "utils")  # the packages of a yolov5 clone
_ENVIRONMENTS = ("site-packages", "dist-packages")  # of an environment that lies in the workspace


RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject):
    """Compare every file that Python has imported from the workspace with what the commit holds of it.

    The parent sends what it read of the git history as the request's history.
    """
    with suppress(Exception):  # `build` reports it; what it imports on its way is wanted here
        _ = subject.model
    root, history = Path(subject.request.workspace).resolve(), subject.request.history
    loaded = _loaded()
    strangers = [f"{name}: {file}" for name, file in _upstreams(subject, loaded).items() if not _inside(file, root)]
    edited = _edited(loaded, root, history) if history.commit else []
    troubles = [
        *_shadow(strangers, root),
        *_edits(edited, history),
        *_tree(history),
        *_history(history),
        *_elsewhere(subject, root),
    ]
    evidence = {
        "commit": history.commit,
        "imported_from_workspace": sum(_inside(file, root) for file in loaded.values()),
        "outside": _some(strangers),
        "edited": _some(edited),
        "tree_differs": _some(history.tree_differs),
        "own_commits": _some(history.own_commits),
        "default_upstream": subject.upstream.without_us,
        "note": history.note,
    }
    return _worst(troubles, evidence)


def _worst(troubles, evidence):
    if not troubles:
        count, commit = evidence["imported_from_workspace"], evidence["commit"]
        return Finding(PASS, f"all {count} imported files are what commit {commit[:12]} holds", evidence)
    worst = next((t for t in troubles if t[0] == FAIL), troubles[0])
    others = [summary for _, summary, _ in troubles if summary != worst[1]]
    return Finding(worst[0], worst[1], {**evidence, "also": others}, worst[2])


def _some(items):
    return {"count": len(items), "first": list(items)[:_MOST]}


def _count(items, name):
    return f"{len(items)} {name}{'s' if len(items) > 1 else ''}"


def _loaded():
    """Return the source file of every module that Python has imported, by name."""
    files = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
    return {name: Path(file).resolve() for name, file in files if file}


def _upstreams(subject, loaded):
    packages = _V61 if subject.upstream.package == "models" else (subject.upstream.package,)
    return {name: file for name, file in loaded.items() if name.partition(".")[0] in packages}


def _inside(file, root):
    return file.is_relative_to(root) and not set(_ENVIRONMENTS) & set(file.relative_to(root).parts)


def _edited(loaded, root, history):
    """Return the imported files of the workspace that are not what the commit holds."""
    files = sorted({file for file in loaded.values() if _inside(file, root)})
    names = {file.relative_to(root).as_posix(): file for file in files}
    return [name for name, file in names.items() if history.blobs.get(name) not in _blobs(file.read_bytes())]


def _blobs(content):
    """Return the git blob ids of a file's content, as it is and with the line ends that git may have changed."""
    return {_blob(content), _blob(content.replace(b"\r\n", b"\n"))}


def _blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _shadow(strangers, root):
    if strangers:
        yield (
            FAIL,
            f"an installed copy shadows the workspace: {len(strangers)} of upstream's files were imported from "
            f"elsewhere, first {strangers[0]}",
            f"uninstall that copy, or install the workspace in its place: pip install -e {root}",
        )


def _edits(edited, history):
    if edited:
        yield (
            FAIL,
            f"{_count(edited, 'imported file')} not as commit {history.commit[:12]} holds: {', '.join(edited[:3])}",
            "commit what you changed, so that others can get the same model: git commit -a",
        )


def _tree(history):
    if history.tree_differs:
        yield (
            FAIL,
            f"the commits say one thing and the tree holds another: {history.tree_differs[0]}",
            "apply the modules to a new workspace and compare, or verify without relying on the commits",
        )


def _history(history):
    if not history.commit:
        yield (
            WARN,
            "the workspace is in no git repository, so nothing says what its files should be",
            "make the workspace with yolopatch, or commit it",
        )
    elif not history.ours:
        yield (
            WARN,
            f"the workspace was not made by yolopatch: nothing vouches for what commit {history.commit[:12]} holds",
            "make the workspace with yolopatch to have its content checked against the pin",
        )
    elif history.note:
        yield (
            WARN,
            f"nothing vouches for what commit {history.commit[:12]} holds: {history.note}",
            "apply its modules again, which takes today's patches, or verify with what made it",
        )
    if history.own_commits:
        yield (
            WARN,
            f"{_count(history.own_commits, 'commit')} of your own on top of yolopatch's: {history.own_commits[0]}",
            "name your own commit beside the module's where you cite this model",
        )


def _elsewhere(subject, root):
    """Say what the user's own commands would import; a clone of yolov5 runs from its folder, and finds itself."""
    default = subject.upstream.without_us
    if default and subject.upstream.package != "models" and not _inside(Path(default).resolve(), root):
        yield (
            WARN,
            f"without yolopatch's help this interpreter imports {subject.upstream.package} from {default}",
            f"to train what was verified, install the workspace in its place: pip install -e {root}",
        )
