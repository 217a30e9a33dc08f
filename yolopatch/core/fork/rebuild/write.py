"""Write the classes that rows name, their import into the parser, and their branches."""

from __future__ import annotations

import ast
import builtins
import copy
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from yolopatch.core.code.anchors import Anchor, below_import, chain_of
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.fork.rebuild.building import image_lines, images_of, taken_of_heads
from yolopatch.core.fork.rebuild.heads import stands_for
from yolopatch.core.fork.rebuild.mirror import Mirror
from yolopatch.core.fork.rebuild.parser import Parser, written
from yolopatch.core.fork.rebuild.plan import Named
from yolopatch.core.fork.rebuild.scope import Local, Outside
from yolopatch.core.fork.rebuild.uses import bound_names, uses
from yolopatch.core.syntax import module_name, parse_expression

# what upstream itself needs; everything else may be missing
_THERE = frozenset(
    {"PIL", "cv2", "matplotlib", "models", "numpy", "pandas", "psutil", "requests", "scipy", "torch", "torchvision"}
    | {"tqdm", "ultralytics", "utils", "yaml"}
    | sys.stdlib_module_names
)
INDEX, NAMES, LAYERS = "Map", "NAMES", "LAYERS"
_STAYING = "input_nums"  # what some kits give a class that is called with its maps one by one


@dataclass
class RowWriter:
    """Writes what the parser of a release needs for the rows of a fork.

    Attributes:
        name: of the module; the end of the names of its classes.
        mirror: has the definitions.
        fork: the parser of the fork.
        base: the parser of the release.
        named: the classes that become ours.
        words: the texts in the arguments of rows.
    """

    name: str
    mirror: Mirror
    fork: Parser
    base: Parser
    named: Sequence[Named]
    words: frozenset[str]
    helpers: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)
    lacking: dict[str, None] = field(default_factory=dict, init=False)

    def made(self, name: str) -> str:
        """Return the name of our class for one that rows name: `C2f_MambaYOLO`."""
        return f"{name.rpartition('.')[2]}_{self.name}"

    @property
    def path(self) -> str:
        """The path of the file with our classes."""
        return f"{self.mirror.package}/rows.py"

    def branches(self) -> Edit:
        """Write the branches; what they need besides is noted for the import."""
        groups: dict[str, list[str]] = {}
        for one in self.named:
            groups.setdefault("\n".join(self._code(one)), []).append(self.made(one.name))
        lines = []
        for code, names in groups.items():
            test = f"m is {names[0]}" if len(names) == 1 else f"m in ({', '.join(names)})"
            lines.append(f"elif {test}:\n" + textwrap.indent(code or "pass", "    "))
        if self._has_backbone:
            lines.append(f"elif m is {self.made(INDEX)}:\n    c2 = ([0] * 5 + ch[f])[args[0]]")
        anchor = chain_of(self.base.path, self._base_text).anchor
        return Edit(self.base.path, anchor.at, textwrap.indent("\n".join(lines) + "\n", anchor.margin))

    def import_lines(self) -> Edit:
        """Write the lines of the parser that import our classes; after `branches` and `images`."""
        names = [self.made(one.name) for one in self.named]
        names += [self.made(INDEX)] * self._has_backbone
        names += [f"{helper} as {self.made(helper)}" for helper in sorted(self.helpers)]
        line = f"from {module_name(self.path)} import {', '.join(names)}"
        packages = sorted(set(self.mirror.required) - _THERE)
        return Edit(
            self.base.path, self._below_imports().at, self._guarded(line, packages) if packages else f"{line}\n"
        )

    def _guarded(self, line: str, packages: Sequence[str]) -> str:
        """Return the import in a form that the workspace survives without packages; the fork then is not built."""
        names = [self.made(one.name) for one in self.named]
        names += [self.made(INDEX)] * self._has_backbone + [self.made(one) for one in sorted(self.helpers)]
        first, *others = names
        also = "".join(f"    {name} = {first}\n" for name in others)
        return _GUARD.format(line=line, name=self.name, packages=", ".join(packages), first=first, also=also)

    def images(self) -> list[Edit]:
        """Write what gives the fork's models the images by which the fork finds strides."""
        theirs = images_of(self.base.scope, self.base.path)
        test = f"any(isinstance(one, {self.made(LAYERS)}) for one in self.model)"
        lines = theirs and image_lines(
            theirs, images_of(self.fork.scope, self.fork.path), self.base.path, self._base_text, test
        )
        if lines:
            self.helpers[LAYERS] = ("", "")
        return [lines] if lines else []

    def needed_of_heads(self) -> frozenset[str]:
        """Return the keys that the release's models take of what a head returns, and the fork's do not."""
        theirs = taken_of_heads(self.base.scope, self.base.path)
        return theirs - taken_of_heads(self.fork.scope, self.fork.path)

    def is_detector(self, one: Named) -> bool:
        """Tell whether a class of the fork is a head for which the release finds strides."""
        if not isinstance(one.meaning, Local):
            return False
        return stands_for(self.fork, one.name, one.meaning) not in ("", "Classify", "RTDETRDecoder")

    def file(self) -> NewFile:
        """Write our classes; after `branches` and `images`."""
        imports: set[str] = {"import torch.nn as nn"}
        blocks = [block for one in self.named for block in self._class(one, imports)]
        for helper, (module, name) in self.helpers.items():
            if helper == NAMES:
                blocks.append(self._table(imports))
            elif helper == LAYERS:
                made = "".join(f"    {self.made(one.name)},\n" for one in self.named)
                blocks.append(f"# by which a model of the fork is told\n{LAYERS} = (\n{made})")
            else:
                imports.add(f"from {module} import {name}" + (f" as {helper}" if name != helper else ""))
        if self._has_backbone:
            blocks.append(_INDEX.format(name=self.made(INDEX)))
        head = f'"""The classes that rows of YAMLs name: those of the fork {self.name}, written by yolopatch."""\n\n'
        return NewFile(
            self.path, head + "\n".join(sorted(imports)) + "\n\n\n" + "\n\n\n".join(dict.fromkeys(blocks)) + "\n"
        )

    @property
    def _has_backbone(self) -> bool:
        return any(one.treatment.makes for one in self.named)

    @property
    def _base_text(self) -> str:
        code = self.base.scope.code(self.base.path)
        assert code is not None
        return code.text

    def _below_imports(self) -> Anchor:
        path, text = self.base.path, self._base_text
        if path.startswith("ultralytics/"):
            return below_import(path, text, "ultralytics.nn.modules")
        # the heads of yolov5 are in this file, and our classes may be made of them
        return Anchor(self.base.function.lineno - 1, "")

    def _class(self, one: Named, imports: set[str]) -> Iterator[str]:
        source = self._import(one, imports)
        made, title = self.made(one.name), f'    """{one.name} of the fork {self.name}."""'
        node = self._node(one)
        if isinstance(node, ast.FunctionDef) or one.treatment.makes:
            yield f"class {made}:\n{title}\n\n    def __new__(cls, *args):\n" + textwrap.indent(
                f'"""Make it: its class is the fork\'s own."""\nreturn {source}(*args)', " " * 8
            )
            return
        contract = self._contract(one, imports)
        if contract:
            yield _CONTRACT.format(head=contract)
        bases = f"{source}, As{contract}" if contract else source
        text = f"class {made}({bases}):\n{title}"
        if self._is_spread(one, node):
            text += _SPREAD
        yield text

    def _contract(self, one: Named, imports: set[str]) -> str:
        """Return the head of upstream that our class must be by its bases, because upstream asks for it."""
        is_last = any(row.index == len(cfg.rows) - 1 for cfg, row in one.rows)
        if not is_last or not isinstance(one.meaning, Local):
            return ""
        head = stands_for(self.fork, one.name, one.meaning)
        own = self.base.scope.meaning(self.base.path, head) if head else None
        if not isinstance(own, Local) or self._inherits(one.meaning, own):
            return ""
        imports.add(f"from {module_name(own.path)} import {own.name} as Upstream{own.name}")
        return own.name

    def _inherits(self, one: Local, own: Local) -> bool:
        """Tell whether a class of the fork is made of the release's own head already."""
        scope = self.mirror.fork
        todo = [one]
        while todo:
            part = todo.pop()
            if (part.path, part.name) == (own.path, own.name) and self.mirror.sameness.is_same(part):
                return True
            code = scope.code(part.path)
            node = code.bindings[part.place].node if code else None
            names = [base.id for base in getattr(node, "bases", ()) if isinstance(base, ast.Name)]
            found = [scope.meaning(part.path, name, part.place) for name in names]
            todo += [base for base in found if isinstance(base, Local)]
        return False

    def _is_spread(self, one: Named, node: ast.stmt | None) -> bool:
        return node is not None and _STAYING in ast.unparse(node)

    def _node(self, one: Named) -> ast.stmt | None:
        if not isinstance(one.meaning, Local):
            return None
        code = self.mirror.fork.code(one.meaning.path)
        return code.bindings[one.meaning.place].node if code else None

    def _import(self, one: Named, imports: set[str]) -> str:
        """Add the import of a class, and return its name in our file."""
        if one.meaning is None:
            return one.name.removeprefix("torch.")
        if isinstance(one.meaning, Local):
            module, name = self.mirror.import_of(one.meaning)
        else:
            module, name = one.meaning.module, one.meaning.attribute or ""
            self.mirror.require(module)
        short = f"_{one.name}"
        imports.add(f"from {module} import {name} as {short}")
        return short

    def _table(self, imports: set[str]) -> str:
        entries = []
        for word in sorted(self.words):
            found = self.mirror.fork.meaning(self.fork.path, word)
            if isinstance(found, Local):
                module, name = self.mirror.import_of(found)
                imports.add(f"from {module} import {name} as _{word}")
                entries.append(f'    "{word}": _{word},\n')
        return f"# what texts in the arguments of rows mean\n{NAMES} = {{\n{''.join(entries)}}}"

    def _code(self, one: Named) -> list[str]:
        """Return the lines of a branch: the fork's own, with the names that our parser has."""
        code = [node for node in one.treatment.code if not self._is_flag(node, one.treatment.code)]
        done = self._given(code)
        for node in _made_once(code) if one.treatment.makes else code:
            new = self._translated(node)
            is_own = node not in code or ast.dump(new) != ast.dump(node)
            done += ast.unparse(new).splitlines() if is_own else written(self.fork, [node])
        return done

    def _is_flag(self, node: ast.stmt, code: Sequence[ast.stmt]) -> bool:
        """Tell whether a statement sets what only the fork's own loop asks for."""
        if not isinstance(node, ast.Assign):
            return False
        names = bound_names([node])
        read = {use.name for other in code for use in uses(other)}
        return bool(names) and not names & (self.base.locals | read | {"m"})

    def _given(self, code: Sequence[ast.stmt]) -> list[str]:
        """Return assignments of what the fork's function has as a constant, and the release's does not have."""
        read = {use.name for node in code for use in uses(node)}
        names = sorted((read & self.fork.locals) - self.base.locals - bound_names(code))
        for name in names:
            if name not in self.fork.constants:
                self.lacking[f"{self.fork.path}: the branch reads {name}, which the release's parse_model has not"] = (
                    None
                )
        return [f"{name} = {ast.unparse(self.fork.constants[name])}" for name in names if name in self.fork.constants]

    def _translated(self, node: ast.stmt) -> ast.stmt:
        found = _Translator(self, frozenset(use.name for use in uses(node))).visit(copy.deepcopy(node))
        assert isinstance(found, ast.stmt)
        return found

    def helper(self, name: str) -> str | None:
        """Return the name in the release's parser of something that a branch uses; None if it is the same there."""
        if name in self.fork.locals or hasattr(builtins, name):
            return None
        found = self.mirror.fork.meaning(self.fork.path, name)
        theirs = self.base.scope.meaning(self.base.path, name)
        if isinstance(found, Local):
            if isinstance(theirs, Local) and theirs.name == found.name and self.mirror.sameness.is_same(found):
                return None
            self.helpers[name] = self.mirror.import_of(found)
            return self.made(name)
        if isinstance(found, Outside) and found != theirs:
            self.helpers[name] = (found.module, found.attribute or "")
            return self.made(name)
        return None


class _Translator(ast.NodeTransformer):
    """Puts in the names by which the release's parser has what a fork's branch uses."""

    def __init__(self, writer: RowWriter, free: frozenset[str]) -> None:
        """Keep the writer, and the names that the branch does not bind itself, as `x` in `sum(ch[x] for x in f)`."""
        self._writer = writer
        self._free = free

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        new = self._writer.helper(node.id) if node.id in self._free else None
        return ast.copy_location(ast.Name(new, node.ctx), node) if new else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Replace `globals()`: the release's parser has not the fork's names."""
        if ast.unparse(node) == "globals()":
            self._writer.helpers[NAMES] = ("", "")
            return ast.copy_location(ast.Name(self._writer.made(NAMES), ast.Load()), node)
        return self.generic_visit(node)


def _made_once(code: Sequence[ast.stmt], is_made: bool = False) -> list[ast.stmt]:
    """Return the code of a backbone, which asks one that is built: the class of the row stays as it is.

    The random numbers stay as they were, so that the weights do not depend on it.
    """
    done: list[ast.stmt] = []
    for node in code:
        names = {"m": "made"} if is_made else {}
        makes = "m" in bound_names([node])
        if makes and isinstance(node, ast.If):
            test = _Renamed(names).visit(copy.deepcopy(node.test))
            done.append(ast.If(test, _made_once(node.body, is_made), _made_once(node.orelse, is_made)))
        elif makes:
            call = _Renamed({"m": "made"}, ast.Store).visit(copy.deepcopy(node))
            guard = ast.withitem(parse_expression("torch.random.fork_rng(devices=[])"))
            done.append(ast.With([guard], [call], lineno=node.lineno))
        else:
            done.append(_Renamed(names).visit(copy.deepcopy(node)))
        is_made = is_made or makes
    return done


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], only: type[ast.expr_context] | None = None) -> None:
        self._names, self._only = names, only

    def visit_Name(self, node: ast.Name) -> ast.Name:
        wanted = self._only is None or isinstance(node.ctx, self._only)
        return ast.Name(self._names[node.id], node.ctx) if wanted and node.id in self._names else node


_GUARD = '''try:
    {line}
except ImportError as missing:  # without {packages}, everything but {name} works

    class {first}:
        """Stands for {name}, which needs {packages}."""

        why = f"{name}, which needs {packages}, cannot be imported here: {{missing}}"
        lacks = missing.name

        def __init__(self, *args, **kwargs):
            """Say what is missing, when a model is built."""
            raise ImportError(self.why, name=self.lacks)

{also}'''

_CONTRACT = '''class As{head}(Upstream{head}):
    """Upstream's {head} by its class alone: what is built is left to the fork's own class."""

    def __init__(self, *args, **kwargs):
        """Be a module, and no more."""
        nn.Module.__init__(self)'''

_SPREAD = '''

    def forward(self, x):
        """Give it its maps one by one, if it takes several."""
        return super().forward(*x) if getattr(self, "input_nums", 1) > 1 else super().forward(x)'''

_INDEX = '''class {name}(nn.Module):
    """One of the maps of a backbone, counted from its last one: -1."""

    def __init__(self, number):
        """Keep the number."""
        super().__init__()
        self.number = number

    def forward(self, x):
        """Pick the map; None if there is none."""
        return x[self.number] if -self.number <= len(x) else None'''
