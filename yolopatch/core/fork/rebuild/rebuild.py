"""Rebuild the models of a fork on a release: the definitions that they need, as one module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from yolopatch.catalog.kinds import HEAD
from yolopatch.core.code.anchors import AnchorNotFound
from yolopatch.core.edits import Change, NewFile
from yolopatch.core.fork.reach import PARSERS
from yolopatch.core.fork.rebuild.mirror import Mirror
from yolopatch.core.fork.rebuild.parser import Parser
from yolopatch.core.fork.rebuild.plan import Named, Planner
from yolopatch.core.fork.rebuild.result import Made, Model, Rebuilt
from yolopatch.core.fork.rebuild.rows import ForkCfg, clean_text
from yolopatch.core.fork.rebuild.sameness import Sameness
from yolopatch.core.fork.rebuild.scope import Local, Scope
from yolopatch.core.fork.rebuild.write import INDEX, RowWriter
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import UsageError

_MAPS = 4  # of a backbone; a fork's file counts them as layers


def rebuild(name: str, base: Mapping[str, bytes], fork: ForkTree, cfgs: Mapping[str, str]) -> Rebuilt:
    """Return the module that gives the release the models of the fork.

    Args:
        name: of the module: letters and digits.
        base: the files of the release, by path.
        fork: the fork.
        cfgs: the text of each YAML of the fork that is wanted, by its name.

    Raises:
        AnchorNotFound: the release has no parser of a known form.
    """
    path = PARSERS[fork.upstream]
    sameness = Sameness(Scope(fork.files), Scope(base))
    read = [ForkCfg(cfg, clean_text(text)) for cfg, text in cfgs.items()]
    base_parser = Parser.of(sameness.base, path)
    try:
        fork_parser = Parser.of(sameness.fork, path)
    except AnchorNotFound as error:
        why = (f"the fork's {error.where} cannot be read: looked for {error.contract}, found {error.found}",)
        return Rebuilt(name, (), tuple(Model(cfg.name, lacking=why) for cfg in read))
    planner = Planner(sameness, fork_parser, base_parser)
    faults = {cfg.name: _faults(planner, cfg) for cfg in read}
    sound = [cfg for cfg in read if not faults[cfg.name]]
    writer = _writer(name, fork, planner, sound)
    changes = _changes(writer)
    models = _placed([_model(writer, cfg, faults[cfg.name]) for cfg in read], name, fork.upstream, base)
    changes += tuple(NewFile(model.path, model.text) for model in models if model.path)
    made = tuple(_made(writer, one) for one in writer.named)
    return Rebuilt(name, changes, models, made, writer.mirror.taken(), tuple(sorted(writer.mirror.packages)))


def _faults(planner: Planner, cfg: ForkCfg) -> tuple[str, ...]:
    try:
        rows = cfg.rows
    except UsageError as error:
        return (error.what,)
    if not rows:
        return ("it has no layers",)
    further = sorted(part for part in ("neck",) if isinstance(cfg.content.get(part), list))
    strange = tuple(f"it has a part `{part}`, which no release reads" for part in further)
    return (*strange, *planner.missing(cfg))


def _writer(name: str, fork: ForkTree, planner: Planner, cfgs: Sequence[ForkCfg]) -> RowWriter:
    folder = "ultralytics/nn" if fork.upstream == "ultralytics" else "models"
    mirror = Mirror(planner.sameness, f"{folder}/{name.lower()}", frozenset().union(*(cfg.words for cfg in cfgs)))
    return RowWriter(name, mirror, planner.fork, planner.base, planner.planned(cfgs), mirror.words)


def _changes(writer: RowWriter) -> tuple[Change, ...]:
    if not writer.named:
        return ()
    edits = [writer.branches(), *writer.images()]
    rows = writer.file()
    return (*writer.mirror.files(), rows, writer.import_lines(), *edits)


def _model(writer: RowWriter, cfg: ForkCfg, faults: tuple[str, ...]) -> Model:
    lacking = faults or (*writer.lacking, *writer.mirror.lacking, *_conflicts(writer, cfg))
    if lacking:
        return Model(cfg.name, lacking=lacking)
    ours = {one.name for one in writer.named}
    words = {row.spot: writer.made(row.module) for row in cfg.rows if row.module in ours}
    plain = {row.spot: row.module for row in cfg.rows if cfg.word(row.spot) != row.module}
    makers = [row.index for row in cfg.rows for one in writer.named if one.treatment.makes and one.name == row.module]
    text = cfg.replaced({**plain, **words})
    rows = tuple(row.index for row in cfg.rows)
    if makers == [0]:
        text = _with_maps(text, cfg, writer.made(INDEX))
        rows = (0, *(index + _MAPS for index in rows[1:]))
    elif makers:
        return Model(cfg.name, lacking=("a backbone that is one layer is not its first one",))
    return Model(cfg.name, text, rows=rows)


def _conflicts(writer: RowWriter, cfg: ForkCfg) -> Iterator[str]:
    """Yield why a head of the fork cannot be in a model of the release, if it began from another one."""
    last = cfg.rows[-1].module if cfg.rows else ""
    lacks = writer.needed_of_heads()
    if lacks and any(one.name == last and writer.is_detector(one) for one in writer.named):
        keys = ", ".join(map(repr, sorted(lacks)))
        yield f"the release takes {keys} of what a head returns, and the fork's {last} returns no such mapping"


def _placed(models: Sequence[Model], name: str, upstream: str, taken: Collection[str]) -> tuple[Model, ...]:
    """Return the models with a place for each YAML: upstream finds a YAML by its name alone, so it is like no other."""
    folder = f"ultralytics/cfg/models/{name.lower()}" if upstream == "ultralytics" else f"models/{name.lower()}"
    names = {PurePosixPath(path).name for path in taken if path.endswith(".yaml")}
    done = []
    for model in models:
        if not model.text:
            done.append(model)
            continue
        stem = re.sub(r"[^\w.+-]", "_", PurePosixPath(model.cfg).stem, flags=re.ASCII)
        wanted = (stem, f"{stem}-{name}", *(f"{stem}-{name}-{number}" for number in range(2, len(models) + 2)))
        chosen = next(one for one in wanted if f"{one}.yaml" not in names)
        names.add(f"{chosen}.yaml")
        done.append(replace(model, path=f"{folder}/{chosen}.yaml"))
    return tuple(done)


def _with_maps(text: str, cfg: ForkCfg, index: str) -> str:
    """Return a YAML with a row for each map of its backbone, which the fork's file counts without a row."""
    lines = text.split("\n")
    first = cfg.rows[0].line - 1
    margin = lines[first][: lines[first].index("-")]
    new = [f"{margin}- [0, 1, {index}, [{number}]]" for number in range(-_MAPS, 0)]
    return "\n".join([*lines[: first + 1], *new, *lines[first + 1 :]])


def _made(writer: RowWriter, one: Named) -> Made:
    local = one.meaning if isinstance(one.meaning, Local) else None
    code = writer.mirror.fork.code(local.path) if local else None
    node = code.bindings[local.place].node if local and code else None
    is_head = any(row.index == len(cfg.rows) - 1 for cfg, row in one.rows)
    return Made(
        one.name,
        local.path if local else "",
        node.lineno if node else 0,
        writer.made(one.name),
        HEAD if is_head else "",
        tuple(dict.fromkeys(cfg.name for cfg, _ in one.rows)),
    )
