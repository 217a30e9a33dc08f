"""What a fork changes: by file, and in a Python file by definition."""

from __future__ import annotations

from dataclasses import dataclass

# kinds of a changed file
ADDED, CHANGED, REMOVED, FORMATTING, LEFTOVER = "added", "changed", "removed", "formatting", "leftover"
KINDS = (ADDED, CHANGED, REMOVED, FORMATTING, LEFTOVER)

# what a change affects
ARCHITECTURE, LOSS, ASSIGNMENT, TRAINING = "architecture", "loss", "assignment", "training"
AUGMENTATION, EVALUATION, EXPORT, DATA, NOTHING = "augmentation", "evaluation", "export", "data", "nothing"
AREAS = (ARCHITECTURE, LOSS, ASSIGNMENT, TRAINING, AUGMENTATION, EVALUATION, EXPORT, DATA, NOTHING)


@dataclass(frozen=True)
class Part:
    """One changed definition, import, key or value of a file.

    Attributes:
        name: `TaskAlignedAssigner.forward`, `box`, `import timm`.
        line: in the fork's file; in the release's file for what was removed.
        kind: ADDED, CHANGED or REMOVED.
        affects: one or more of AREAS.
        what: one sentence: `the gain of the box loss is 9.0, not 7.5`.
        used: whether anything that the fork runs reaches it; False for a class that no chosen YAML needs.
        release: another release that has exactly this definition; "" if none has.
    """

    name: str
    line: int
    kind: str
    affects: tuple[str, ...]
    what: str
    used: bool = True
    release: str = ""


@dataclass(frozen=True)
class FileChange:
    """One file that is not as the release has it.

    Attributes:
        path: as a release has it.
        kind: one of KINDS.
        affects: the areas of its parts, in the order of AREAS.
        what: one sentence.
        parts: of a Python or YAML file.
        release: another release that has exactly this file; "" if none has.
    """

    path: str
    kind: str
    affects: tuple[str, ...]
    what: str
    parts: tuple[Part, ...] = ()
    release: str = ""
