"""The model YAMLs of a fork."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.errors import UsageError
from yolopatch.wire import shell

_YAML = (".yaml", ".yml")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SHOWN = 10  # files in a message


@dataclass(frozen=True)
class ModelFile:
    """A model YAML of a fork.

    Attributes:
        path: in the fork.
        text: its content.
        cfg: the same, read.
        own: the classes in its rows that the release does not have in this form.
        is_upstreams: whether the release has this file with these values.
    """

    path: str
    text: str
    cfg: CfgFile = field(compare=False)
    own: tuple[str, ...]
    is_upstreams: bool

    @property
    def name(self) -> str:
        """The name of the file."""
        return PurePosixPath(self.path).name


def model_files(
    fork: ForkTree, base: Mapping[str, bytes], own: Container[str], every: bool = False
) -> tuple[ModelFile, ...]:
    """Return the model YAMLs of a fork, sorted by path.

    Args:
        fork: the fork.
        base: the files of its release, by path.
        own: has the names of the classes that the release does not have in this form.
        every: whether to return those of the release, too, that have no such class.
    """
    found = []
    for path, inside, data in _yamls(fork):
        text, before = data.decode("utf-8", "replace"), base.get(inside)
        is_upstreams = before is not None and _lines(before) == _lines(data)
        if is_upstreams and not every and not any(word in own for word in set(_WORD.findall(text))):
            continue  # nearly all, and reading a YAML takes long
        cfg = _model(text, path)
        if cfg:
            is_upstreams = is_upstreams or (before is not None and _is_same(cfg, before))
            used = dict.fromkeys(row[2] for row in cfg.rows)
            found.append(ModelFile(path, text, cfg, tuple(name for name in used if name in own), is_upstreams))
    return tuple(sorted(found, key=lambda one: one.path))


def find_models(asked: Sequence[str], models: Sequence[ModelFile]) -> tuple[ModelFile, ...]:
    """Return the models that a user names by their path in the fork, by the end of it, or by a path on the disk.

    Raises:
        UsageError: no model has a name, or several have.
    """
    return tuple(dict.fromkeys(_one_model(name, models) for name in asked))


def _one_model(name: str, models: Sequence[ModelFile]) -> ModelFile:
    wanted = name.replace("\\", "/").removeprefix("./")
    ways = (
        [model for model in models if model.path == wanted],
        [model for model in models if f"/{model.path}".endswith(f"/{wanted}")],
        [model for model in models if wanted.endswith(f"/{model.path}")],
    )
    found: list[ModelFile] = next((way for way in ways if way), [])
    if len(found) == 1:
        return found[0]
    listed = found or [model for model in models if not model.is_upstreams] or list(models)
    raise UsageError(
        f"the fork has {len(found)} model YAMLs {name}" if found else f"the fork has no model YAML {name}",
        details=[f"found: {model.path}" for model in listed[:_SHOWN]] + ["and more"] * (len(listed) > _SHOWN),
        hint=f"name one of them: --cfg {shell.quote(listed[0].path)}" if listed else "leave out --cfg",
    )


def _yamls(fork: ForkTree) -> Iterator[tuple[str, str, bytes]]:
    """Yield each YAML: its path in the fork, the release's path for it ("" outside the package), and its content."""
    before = f"{fork.place}/" if fork.place else ""
    others = tuple(f"{place}/" for place in fork.elsewhere if place not in (fork.place, "."))
    for path, data in fork.files.items():
        if path.endswith(_YAML):
            yield before + path, path, data
    for path, data in fork.texts.items():
        if path.endswith(_YAML) and path.startswith(before) and not path.startswith(others):
            yield path, "", data


def _lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _is_same(cfg: CfgFile, before: bytes) -> bool:
    theirs = _model(before.decode("utf-8", "replace"), str(cfg.path))
    return theirs is not None and theirs.content == cfg.content


def _model(text: str, path: str) -> CfgFile | None:
    """Return a YAML as a model's; None for any other."""
    try:
        cfg = parse_cfg(text, PurePosixPath(path))
    except UsageError:
        return None
    return cfg if cfg.rows and "head" in cfg.content else None
