"""What a rebuild of a fork on a clean release is."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.core.edits import Change


@dataclass(frozen=True)
class Made:
    """A class of the fork that a row names, and the class of the rebuilt module that stands for it.

    Attributes:
        name: as the fork's YAML has it: `C2f`.
        path: the fork's file that defines it; "" if its definition is the release's own, and only its branch is not.
        line: where, from 1.
        made: as the rebuilt YAML has it: `C2f_MambaYOLO`.
        kind: what it stands for, a key of `catalog.kinds`; "" if it stands for no class of upstream.
        used_by: the names of the YAMLs with a row of it.
    """

    name: str
    path: str
    line: int
    made: str
    kind: str
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """One YAML of the fork, for the release.

    Attributes:
        cfg: the name of the fork's YAML, as it was asked for.
        text: the YAML for the release; "" if it cannot be rebuilt.
        path: where it lies in a workspace; "" if it cannot be rebuilt.
        rows: for each row of the fork's YAML, the number of the row that has its tensors in the rebuilt one.
        lacking: why it cannot be rebuilt, one sentence each; () if it is.
    """

    cfg: str
    text: str = ""
    path: str = ""
    rows: tuple[int, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rebuilt:
    """The module of a fork for one release.

    Attributes:
        name: of the module; also the end of the names of its classes.
        changes: what its patch adds to the release: new files, import lines, branches. They only insert.
        models: one for each YAML.
        made: the classes that rows name.
        taken: for each file of the fork from which definitions were taken, how many of how many.
        packages: what the definitions import that is not upstream's, torch's or Python's: `timm`.
    """

    name: str
    changes: tuple[Change, ...]
    models: tuple[Model, ...]
    made: tuple[Made, ...] = ()
    taken: tuple[tuple[str, int, int], ...] = ()
    packages: tuple[str, ...] = ()
