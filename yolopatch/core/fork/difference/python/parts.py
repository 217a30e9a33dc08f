"""What differs in one Python file of a fork."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.core.fork.changes import ADDED, CHANGED, NOTHING, REMOVED, Part
from yolopatch.core.fork.difference.affects.places import holds_layers
from yolopatch.core.fork.difference.code.effect import with_names
from yolopatch.core.fork.difference.code.findings import Finding, findings
from yolopatch.core.fork.difference.code.statements import Line
from yolopatch.core.fork.difference.code.units import CLASS, FUNCTION, MAIN, Unit, code_of, units_of
from yolopatch.core.fork.difference.python.areas import areas_of_finding, assigned_elsewhere
from yolopatch.core.fork.difference.python.copies import Copy, copy_of, told_as_copy
from yolopatch.core.fork.difference.python.packages import needed_packages
from yolopatch.core.fork.difference.python.sources import other_sources
from yolopatch.core.fork.difference.python.trees import Trees
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import dotted_name
from yolopatch.core.fork.reach import PARSER, PARSERS

_VERSION = "__version__"


def python_parts(trees: Trees, path: str) -> tuple[Part, ...]:
    """Return what differs in a file that parses in both trees, or that only the fork has."""
    found = _compared(trees, path) if path in trees.base.texts or _has_moved(trees, path) else _new(trees, path)
    found += [*_renamed(trees, path), *needed_packages(trees, path), *other_sources(trees, path)]
    return tuple(sorted(found or _silent(trees, path), key=lambda part: (part.line, part.name)))


def _has_moved(trees: Trees, path: str) -> bool:
    return any(new.path == path for new in trees.renames.places)


def _compared(trees: Trees, path: str) -> list[Part]:
    old, new = trees.old_units(path), trees.new_units(path)
    differ = (finding for finding in findings(old, new) if not _is_only_spelt(trees, path, finding))
    return [part for finding in differ for part in _parts(trees, path, finding, new)]


def _new(trees: Trees, path: str) -> list[Part]:
    """Return the parts of a file that the release does not have: its classes and functions, and what it does."""
    units = {
        name: unit
        for name, unit in trees.influence.uses.units(path).items()
        if unit.sort in (FUNCTION, CLASS) or (name != MAIN and any(map(_acts, unit.body)))
    }
    return [part for finding in findings({}, units) for part in _parts(trees, path, finding, units)]


def _acts(node: ast.stmt) -> bool:
    """Tell whether a statement at the top of a file does more than to give its own names values."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return bool(assigned_elsewhere(node))
    return not isinstance(node, ast.Try) or any(_acts(part) for part in node.body)


def _is_only_spelt(trees: Trees, path: str, finding: Finding) -> bool:
    """Tell whether code differs only in how it names the same things: `nn.Module` and `torch.nn.Module`."""
    pairs = [(leaf.old and dotted_name(leaf.old), leaf.new and dotted_name(leaf.new)) for leaf in finding.leaves]
    return bool(pairs) and all(a and b and trees.meanings.same_names(path, a, b) for a, b in pairs)


def _parts(trees: Trees, path: str, finding: Finding, units: Mapping[str, Unit]) -> Iterator[Part]:
    """Yield the part of a finding; of a copy of the release's code also one for each of its changes."""
    copy = copy_of(trees, units[finding.name]) if finding.kind == ADDED else None
    yield _part(trees, path, told_as_copy(finding, copy) if copy else finding, units)
    if copy:
        yield from (_part_of_copy(trees, path, change, copy) for change in copy.changes)


def _part_of_copy(trees: Trees, path: str, change: Finding, copy: Copy) -> Part:
    used = trees.liveness.reaches(path, change.name.split(".")[0])
    areas = trees.influence.of(path, change.name.split(".")[0])
    return Part(change.name, change.line, CHANGED, areas, f"unlike in `{copy.of.path}`: {change.what}", used)


def _part(trees: Trees, path: str, finding: Finding, units: Mapping[str, Unit]) -> Part:
    if finding.name.endswith(_VERSION):
        return Part(finding.name, finding.line, finding.kind, (NOTHING,), finding.what)
    if finding.kind == REMOVED:
        areas = trees.base_influence.of(path, finding.name)
        return Part(
            _shown(finding.name), finding.line, REMOVED, areas, finding.what, _was_used(trees, path, finding.name)
        )
    unit = units[finding.name]
    affects = areas_of_finding(trees, path, unit, finding)
    used = trees.liveness.reaches(path, unit.name)
    if path == PARSERS[trees.upstream] and unit.name == PARSER and finding.hunk:
        return _branch(trees, finding, affects, used)
    return Part(_shown(unit.name), finding.line, finding.kind, affects, finding.what, used)


def _was_used(trees: Trees, path: str, name: str) -> bool:
    """Tell whether anything of the release that counts for this fork used what the fork removed."""
    if "." in name or not name:
        return True
    users = trees.base_influence.uses.users(Definition(path, name))
    return bool(users) and not (holds_layers(trees.upstream, path) and trees.reach)


def _branch(trees: Trees, finding: Finding, affects: tuple[str, ...], used: bool) -> Part:
    """Return the part for lines of parse_model: used if the rows need one of the classes that it is for."""
    classes = _classes_tested(finding)
    name = f"{PARSER}: {', '.join(classes[:6])}" if classes else PARSER
    needed = used and (not classes or trees.liveness.needs(set(classes)))
    return Part(name, finding.line, finding.kind, affects, finding.what, needed)


def _renamed(trees: Trees, path: str) -> Iterator[Part]:
    for new, old in trees.renames.places.items():
        if new.path == path:
            told = [f"`{old.name}` under another name"] if old.name != new.name else []
            told += [f"moved here from `{old.path}`"] if old.path != path else []
            line, used = trees.fork.node(new).lineno, trees.liveness.reaches(path, new.name)
            yield Part(new.name, line, CHANGED, (NOTHING,), ", ".join(told), used)


def _silent(trees: Trees, path: str) -> list[Part]:
    """Return one part for a file of which only texts and hints differ; none if nothing at all does."""
    file = trees.base.file(path)
    old = units_of(with_names(file.fresh_tree(), trees.names_for(path))) if file else {}
    new = trees.influence.uses.units(path)
    names = [name for name in new if name in old and canonical(code_of(new[name])) != canonical(code_of(old[name]))]
    if not names:
        return []
    what = "only printed text, texts of errors, type hints, names of variables or ways of writing differ"
    more = f", here and in {len(names) - 1} more" if len(names) > 1 else ""
    return [Part(_shown(names[0]), new[names[0]].line, CHANGED, (NOTHING,), f"{what}{more}")]


def _shown(name: str) -> str:
    """Return the name of a unit for a reader."""
    return {"": "code at import", MAIN: "code of the script"}.get(name, name)


def _classes_tested(finding: Finding) -> list[str]:
    """Return the names of classes in the tests of lines that differ, those that the fork added first."""
    hunk = finding.hunk
    if hunk is None:
        return []
    new, old = (_tested(lines) for lines in (hunk.new, hunk.old))
    return [name for name in new if name not in old] or new or old


def _tested(lines: tuple[Line, ...]) -> list[str]:
    """Return the classes that tests on `m` name, and the members of the sets that such tests use."""
    parts = [part for line in lines for node in line.head for part in ast.walk(node)]
    asked = [part for part in parts if isinstance(part, ast.Compare) and dotted_name(part.left) == "m"]
    found: list[ast.AST] = [one for part in asked for one in part.comparators]
    found += [part for part in parts if isinstance(part, ast.Set)]
    names = [dotted_name(part) for node in found for part in ast.walk(node)]
    return list(dict.fromkeys(name for name in names if name and not name.startswith(("nn.", "torch."))))
