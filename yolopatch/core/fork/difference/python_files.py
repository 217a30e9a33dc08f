"""The parts of a Python file that a fork changed, each with what it affects and whether anything reaches it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from yolopatch.core.fork.changes import ADDED, CHANGED, NOTHING, REMOVED, Part
from yolopatch.core.fork.difference.affects.flow import Flow
from yolopatch.core.fork.difference.affects.influence import Influence, ordered
from yolopatch.core.fork.difference.affects.keys import narrowed_to_settings
from yolopatch.core.fork.difference.affects.liveness import Liveness
from yolopatch.core.fork.difference.affects.places import holds_layers
from yolopatch.core.fork.difference.affects.uses import Uses
from yolopatch.core.fork.difference.code.effect import effective
from yolopatch.core.fork.difference.code.findings import Finding, findings
from yolopatch.core.fork.difference.code.meanings import Meanings, told
from yolopatch.core.fork.difference.code.renames import Renames, read_renames
from yolopatch.core.fork.difference.code.statements import Line
from yolopatch.core.fork.difference.code.units import CLASS, FUNCTION, MAIN, Unit, code_of, units_of
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import STAR, Definition, FileCode
from yolopatch.core.fork.names.references import dotted_name, free_names
from yolopatch.core.fork.names.tree_code import TreeCode
from yolopatch.core.fork.reach import PARSER, PARSERS, Reach

_VERSION = "__version__"


@dataclass(frozen=True)
class PythonFiles:
    """The Python files of a fork beside those of its release.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        base, fork: the two trees.
        reach: what the chosen YAMLs need; None if none is chosen.
    """

    upstream: str
    base: TreeCode
    fork: TreeCode
    reach: Reach | None

    def parts(self, path: str) -> tuple[Part, ...]:
        """Return what differs in a file that parses in both trees, or that only one of them has."""
        found = self._new(path) if path not in self.base.texts else self._compared(path)
        found += self._renamed(path)
        found += self._imported(path)
        found += self._meaning_else(path)
        return tuple(sorted(found or self._silent(path), key=lambda part: (part.line, part.name)))

    def _compared(self, path: str) -> list[Part]:
        old, new = self._old_units(path), self._new_units(path)
        differ = (finding for finding in findings(old, new) if not self._only_spelt(path, finding))
        return [self._part(path, finding, new) for finding in differ]

    def _new(self, path: str) -> list[Part]:
        """Return the parts of a file that the release does not have: its classes and functions, and what it does."""
        if any(new.path == path for new in self._renames.places):
            return self._compared(path)
        units = self.influence.uses.units(path)
        told = {
            name: unit
            for name, unit in units.items()
            if unit.sort in (FUNCTION, CLASS) or (name != MAIN and any(map(_acts, unit.body)))
        }
        return [self._part(path, finding, told) for finding in findings({}, told)]

    def _only_spelt(self, path: str, finding: Finding) -> bool:
        """Tell whether code differs only in how it names the same things: `nn.Module` and `torch.nn.Module`."""
        pairs = [(leaf.old and dotted_name(leaf.old), leaf.new and dotted_name(leaf.new)) for leaf in finding.leaves]
        return bool(pairs) and all(a and b and self._meanings.same_names(path, a, b) for a, b in pairs)

    def areas_of_file(self, path: str) -> tuple[str, ...]:
        """Return what a file affects as a whole: by its place, or by those who use what the release has in it."""
        named = self.influence.of_file(path)
        units = self._base_influence.uses.units(path) if named == (NOTHING,) else ()
        return ordered([*named, *(area for unit in units for area in self._base_influence.of(path, unit))])

    @cached_property
    def influence(self) -> Influence:
        """What the fork's code affects."""
        return Influence(self.upstream, Uses(self.fork))

    @cached_property
    def _base_influence(self) -> Influence:
        """What the release's code affects: it counts for what the fork removed."""
        return Influence(self.upstream, Uses(self.base))

    @cached_property
    def _liveness(self) -> Liveness:
        return Liveness(self.upstream, self.influence.uses, self._base_influence.uses, self.reach)

    @cached_property
    def _flow(self) -> Flow:
        return Flow(self.upstream, self.fork)

    @cached_property
    def _renames(self) -> Renames:
        return read_renames(self.base, self.fork)

    @cached_property
    def _meanings(self) -> Meanings:
        return Meanings(self.base, self.fork, self._renames)

    def _old_units(self, path: str) -> dict[str, Unit]:
        """Return the release's units of a file, those that the fork moved to it included, under the fork's names."""
        moved_here = {old for new, old in self._renames.places.items() if new.path == path and old.path != path}
        moved_away = {old for new, old in self._renames.places.items() if new.path != path and old.path == path}
        own = self._effective(self.base.file(path), self._renames.names)
        names = self._renames.names
        away = {names.get(one.name, one.name) for one in moved_away}
        units = {name: unit for name, unit in own.items() if unit.owner not in away}
        for one in moved_here:
            theirs = self._effective(self.base.file(one.path), names)
            mine = names.get(one.name, one.name)
            units.update({name: unit for name, unit in theirs.items() if unit.owner == mine})
        return units

    def _new_units(self, path: str) -> dict[str, Unit]:
        return self._effective(self.fork.file(path), {})

    def _effective(self, file: FileCode | None, names: Mapping[str, str]) -> dict[str, Unit]:
        return units_of(effective(file.tree, names)) if file else {}

    def _part(self, path: str, finding: Finding, units: Mapping[str, Unit]) -> Part:
        if finding.name.endswith(_VERSION):
            return Part(finding.name, finding.line, finding.kind, (NOTHING,), finding.what)
        if finding.kind == REMOVED:
            areas = self._base_influence.of(path, finding.name)
            used = self._was_used(path, finding.name)
            return Part(_shown(finding.name), finding.line, finding.kind, areas, finding.what, used)
        unit = units[finding.name]
        affects = self._given(path, unit, finding) or self._replaced(path, finding) or self._own(path, finding)
        used = self._liveness.reaches(path, unit.name)
        if path == PARSERS[self.upstream] and unit.name == PARSER and finding.hunk:
            return self._branch(finding, affects, used)
        return Part(_shown(unit.name), finding.line, finding.kind, affects, finding.what, used)

    def _was_used(self, path: str, name: str) -> bool:
        """Tell whether anything of the release that counts for this fork used what the fork removed."""
        if "." in name or not name:
            return True
        layers = holds_layers(self.upstream, path)
        return bool(self._base_influence.uses.users(Definition(path, name))) and not (layers and self.reach)

    def _given(self, path: str, unit: Unit, finding: Finding) -> tuple[str, ...]:
        """Return what values affect that the code gives to others; empty where it keeps them."""
        if finding.argument and isinstance(unit.node, ast.FunctionDef):
            return self._flow.of_argument(path, unit.owner, unit.node, finding.argument)
        areas = [self._flow.of_calls(path, unit.owner, leaf.calls) for leaf in finding.leaves]
        return ordered(area for part in areas for area in part) if areas and all(areas) else ()

    def _own(self, path: str, finding: Finding) -> tuple[str, ...]:
        """Return what the unit of a finding affects; of several areas those that the settings in it belong to."""
        nodes = [node for leaf in finding.leaves for node in (leaf.old, leaf.new) if node is not None]
        return narrowed_to_settings(self.influence.of(path, finding.name), nodes)

    def _replaced(self, path: str, finding: Finding) -> tuple[str, ...]:
        """Return what code affects that gives a module another function when it is imported; empty for any other."""
        lines = finding.hunk.new if finding.hunk and not finding.name else ()
        meanings = (self.fork.meaning(path, name) for line in lines for name in _assigned_elsewhere(line.node))
        definitions = [one for one in meanings if isinstance(one, Definition)]
        areas = (area for one in definitions for area in self.influence.of(one.path, one.name))
        return ordered(areas) if definitions else ()

    def _branch(self, finding: Finding, affects: tuple[str, ...], used: bool) -> Part:
        """Return the part for lines of parse_model: used if the rows need one of the classes that it is for."""
        classes = _classes_tested(finding)
        name = f"{PARSER}: {', '.join(classes[:6])}" if classes else PARSER
        needed = used and (not classes or self._liveness.needs(set(classes)))
        return Part(name, finding.line, finding.kind, affects, finding.what, needed)

    def _renamed(self, path: str) -> Iterator[Part]:
        for new, old in self._renames.places.items():
            if new.path != path:
                continue
            line = self.fork.node(new).lineno
            what = f"`{old.name}` under another name" if old.name != new.name else f"moved here from `{old.path}`"
            if old.path != path and old.name != new.name:
                what += f", moved here from `{old.path}`"
            yield Part(new.name, line, CHANGED, (NOTHING,), what, self._liveness.reaches(path, new.name))

    def _imported(self, path: str) -> Iterator[Part]:
        """Yield the packages that this file needs and no file of the release does."""
        file = self.fork.file(path)
        needed: dict[str, int] = {}
        for node in ast.walk(file.tree) if file else ():
            for name in _packages(node):
                needed.setdefault(name, node.lineno)  # type: ignore[attr-defined]
        for name, line in needed.items():
            if not self._is_known(name):
                users = self._users(path, name)
                areas = ordered(area for user in users for area in self.influence.of(path, user))
                used = any(self._liveness.reaches(path, user) for user in users)
                what = f"needs the package `{name}`, which the release does not use"
                yield Part(f"import {name}", line, ADDED, areas, what, used)

    def _users(self, path: str, package: str) -> list[str]:
        """Return the units of a file that use a package."""
        file = self.fork.file(path)
        names = {one.name for one in (file.bindings if file else ()) if (one.module or "").split(".")[0] == package}
        return [
            unit.name
            for unit in self.influence.uses.units(path).values()
            if any(name.split(".")[0] in names for name in free_names(*code_of(unit)))
            or any(package in _packages(part) for node in code_of(unit) for part in ast.walk(node))
        ]

    def _is_known(self, package: str) -> bool:
        """Tell whether a package is Python's, of the trees themselves, or one that the release uses, too."""
        if package in sys.stdlib_module_names or package in self._own_packages:
            return True
        imports = re.compile(rf"^\s*(?:from|import)\s+{re.escape(package)}\b", re.MULTILINE)
        return any(imports.search(self.base.texts[path]) for path in self.base.mentioning(package))

    @cached_property
    def _own_packages(self) -> frozenset[str]:
        return frozenset(name.split(".")[0] for name in (*self.base.modules, *self.fork.modules))

    def _meaning_else(self, path: str) -> Iterator[Part]:
        """Yield the names that both versions of a file have and that come from elsewhere in the fork."""
        names = self._common_names(path)
        for name, before, after in self._meanings.changed(path, set(names)):
            areas = ordered(area for user in names[name] for area in self.influence.of(path, user))
            used = any(self._liveness.reaches(path, user) for user in names[name])
            if not names[name] and isinstance(after, Definition):  # it is only handed on, as an __init__.py does
                areas = self.influence.of(after.path, after.name)
                used = self._liveness.reaches(after.path, after.name)
            line = self._line_of_binding(path, name)
            yield Part(name, line, CHANGED, areas, f"comes from {told(after)}, not from {told(before)}", used)

    def _common_names(self, path: str) -> dict[str, list[str]]:
        """Return the names that both versions of a file use or import, with the units that use them."""
        files = self.base.file(path), self.fork.file(path)
        if files[0] is None or files[1] is None:
            return {}
        renamed = self._renames.names
        imported = [{one.name for one in file.bindings if one.module is not None} for file in files if file]
        names: dict[str, list[str]] = {name: [] for name in imported[0] & imported[1] - {STAR}}
        old, new = (uses.units(path) for uses in (self._base_influence.uses, self.influence.uses))
        for name in new:
            if name in old:
                before = {renamed.get(one, one) for one in free_names(*code_of(old[name]))}
                for one in before & free_names(*code_of(new[name])):
                    names.setdefault(one, []).append(name)
        return names

    def _line_of_binding(self, path: str, name: str) -> int:
        file = self.fork.file(path)
        if file is None:
            return 1
        first = name.split(".")[0]
        lines = [one.node.lineno for one in file.bindings if one.name == first]
        imports = [node for node in ast.walk(file.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        inner = [node.lineno for node in imports if first in [alias.asname or alias.name for alias in node.names]]
        source = self.fork.source(path, first)
        return next(iter([*reversed(lines), *inner, *([source.node.lineno] if source else ())]), 1)

    def _silent(self, path: str) -> list[Part]:
        """Return one part for a file of which only texts and hints differ; none if nothing at all does."""
        old, new = self._base_influence.uses.units(path), self.influence.uses.units(path)
        differ = [
            unit
            for name, unit in new.items()
            if name in old and canonical(code_of(unit)) != canonical(code_of(old[name]))
        ]
        if not differ:
            return []
        what = "only printed text, texts of errors, type hints, names of variables or ways of writing differ"
        first = replace(differ[0], name=_shown(differ[0].name))
        more = f", here and in {len(differ) - 1} more definitions" if len(differ) > 1 else ""
        return [Part(first.name, first.line, CHANGED, (NOTHING,), f"{what}{more}")]


def _shown(name: str) -> str:
    """Return the name of a unit for a reader."""
    return {"": "code at import", MAIN: "code of the script"}.get(name, name)


def _acts(node: ast.stmt) -> bool:
    """Tell whether a statement at the top of a file does more than to give its own names values."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return bool(_assigned_elsewhere(node))
    return not isinstance(node, ast.Try) or any(_acts(part) for part in node.body)


def _assigned_elsewhere(node: ast.AST) -> list[str]:
    """Return the attributes of other things that a statement sets: `loss.bbox_iou = ...`, `setattr(loss, "x", ...)`."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = [dotted_name(target) for target in targets if isinstance(target, ast.Attribute)]
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and dotted_name(call.func) == "setattr" and len(call.args) == 3:
        owner, attribute = dotted_name(call.args[0]), call.args[1]
        if owner and isinstance(attribute, ast.Constant):
            names.append(f"{owner}.{attribute.value!s}")
    return [name for name in names if name]


def _packages(node: ast.AST) -> list[str]:
    """Return the packages that an import names, without those of its own package."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.split(".")[0]]
    return []


def _classes_tested(finding: Finding) -> list[str]:
    """Return the names of classes in the tests of lines that differ, those that the fork added first."""
    hunk = finding.hunk
    if hunk is None:
        return []
    new, old = (_tested(lines) for lines in (hunk.new, hunk.old))
    return [name for name in new if name not in old] or new or old


def _tested(lines: tuple[Line, ...]) -> list[str]:
    """Return the classes that tests on `m` name, and the members of the lists that such tests use."""
    parts = [part for line in lines for node in line.head for part in ast.walk(node)]
    asked = [part for part in parts if isinstance(part, ast.Compare) and dotted_name(part.left) == "m"]
    found: list[ast.AST] = [one for part in asked for one in part.comparators]
    found += [part for part in parts if isinstance(part, ast.Set)]
    names = [dotted_name(part) for node in found for part in ast.walk(node)]
    return list(dict.fromkeys(name for name in names if name and not name.startswith(("nn.", "torch."))))
