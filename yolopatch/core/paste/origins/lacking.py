"""What a pasted file needs and cannot get, and what to do about it: all files of the post at once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.origins.known import file_of, is_file_of_pins, is_upstreams

STAR = "*"


@dataclass(frozen=True)
class Lack:
    """A name that a statement needs and cannot get.

    Attributes:
        name: as the code uses it.
        what: the name as it is told.
        why: where it is not, as the end of a sentence.
        files: of the post's own repository, that have it or may have it.
        otherwise: what else can be done.
        writes: whether its definition can be written into the file.
    """

    name: str
    what: str
    why: str = ""
    files: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    writes: bool = False

    @property
    def said(self) -> str:
        """What is lacking, and why, as part of a sentence."""
        return f"{self.what}{self.why}"


def unknown_name(name: str, upstream: str, stars: Iterable[ast.Import | ast.ImportFrom]) -> Lack:
    """Return the lack of a name that nothing defines.

    Args:
        name: the name.
        upstream: what it was looked for in.
        stars: the imports of all of a file, of the post's own repository or of a copy of an upstream.
    """
    why = f", which neither the file nor {upstream} has"
    own_first = sorted(stars, key=is_file_of_pins)  # a post may have changed a file of upstream's, too
    files = tuple(dict.fromkeys(file_of(node, node.names[0]) for node in own_first))
    if files:
        why = f"{why}; {' or '.join(files)} of the post's own repository may"
    return Lack(name, name, why, files, writes=True)


def not_there(node: ast.Import | ast.ImportFrom, alias: ast.alias, upstream: Upstream) -> Lack:
    """Return the lack of what an import of an upstream's or of the post's own files does not find."""
    name, file = alias.name, file_of(node, alias)
    stem = file.removesuffix(".py")
    if name == STAR:
        name = stem
    if isinstance(node, ast.Import):
        place, name, what = alias.name, alias.asname or alias.name, alias.name
    else:
        place = f"{'.' * node.level}{node.module or ''}"
        what = f"{name} of {place}"
    if is_upstreams(node) and is_file_of_pins(node):
        return Lack(name, name, f", which {upstream.name} does not have", (file,), writes=True)
    otherwise = []
    if isinstance(node, ast.ImportFrom) and alias.name not in (STAR, stem):
        otherwise.append(f"if {stem} is a folder: paste the file in it that defines {alias.name}")
    root = place.partition(".")[0]
    if name in upstream.defined_in and isinstance(node, ast.ImportFrom):
        otherwise.append(f"if it is upstream's own: write from {upstream.defined_in[name]} import {name}")
    if root and not is_upstreams(node):
        otherwise.append(f"if {root} is an installed package: --package {root}")
    return Lack(name, what, ", a file of the post's own repository", (file,), tuple(otherwise))


def told(lacks: Sequence[Lack]) -> str:
    """Return what is lacking, and why, as part of a sentence; what lacks for one reason, together."""
    reasons = dict.fromkeys(one.why for one in lacks)
    return "; and ".join(" and ".join(one.what for one in lacks if one.why == why) + why for why in reasons)


def remedy(lacks: Sequence[Lack]) -> str:
    """Return what to do about all of these."""
    files = dict.fromkeys(file for one in lacks for file in one.files)
    options = " ".join(f"--with {file}" for file in files)
    parts = []
    if files:
        which = "that file" if len(files) == 1 else "these files"
        parts.append(f"paste {which}, too: {options}")
    parts += dict.fromkeys(other for one in lacks for other in one.otherwise)
    names = list(dict.fromkeys(one.name for one in lacks if one.writes))
    if names:
        parts.append(_written(names, bool(files)))
    return "; ".join(parts)


def _written(names: Sequence[str], has_files: bool) -> str:
    shown = " and ".join(names)
    if has_files:
        return f"or write the definition of {shown} into the file"
    if len(names) > 1:
        return f"write the imports of {shown} into the file, or their definitions, or add their file: --with FILE.py"
    return f"write the import of {shown} into the file, or its definition, or add the file that has it: --with FILE.py"
