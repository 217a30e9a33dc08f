"""A class that is written below a pasted file: it is the user's own code from then on, as the file is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, parse


@dataclass(frozen=True)
class Written:
    """A class around another one.

    Attributes:
        symbol: its name.
        around: the name of the other one.
        code: its definition.
        why: what it does, as part of a sentence.
        args: the arguments of its constructor, as `--args` has them; None to find them.
    """

    symbol: str
    around: str
    code: str
    why: str
    args: str | None = None


def below(text: str, code: str) -> str:
    """Return a file's text with a definition at its end."""
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n\n{code}"


def with_class(paste: Pasted, written: Written) -> Pasted:
    """Return the file with the class below everything else."""
    text = below(paste.text, written.code)
    tree = parse(text)
    return replace(paste, text=text, tree=tree, classes=classes(tree))


def free_name(paste: Pasted, name: str) -> str:
    """Return a name for a class that the file does not have."""
    return name if name not in paste.names else free_name(paste, f"{name}_")
