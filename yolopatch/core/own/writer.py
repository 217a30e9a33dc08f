"""Write the code that a module adds to a pin: its file, classes that use it, its branch, its code in fuse()."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.kinds import (
    ATTENTION,
    BACKBONE,
    BLOCK,
    CONVOLUTION,
    DOWN,
    HEAD,
    JOIN,
    LAYER,
    POOL,
    PSA,
    UP,
)
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import AnchorNotFound, below_class, chain_of
from yolopatch.core.code.module_code import below_modules, in_fuse, in_parse_model
from yolopatch.core.code.own_files import own_file, own_layers_file
from yolopatch.core.code.parser_branch import branch_of, read_dialect
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.own.guard import guarded
from yolopatch.core.own.heads import head_class, head_file
from yolopatch.core.paste.calls import bind, example, names_in
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.fitting import Fitted
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, method, module_name, parse, used_names
from yolopatch.errors import PatchError
from yolopatch.wire import arguments as by

# By kind, the template of the classes around a module, and that of its branch; the rest have the usual branch.
_AROUND = {
    BLOCK: "own.block",
    DOWN: "own.layer",
    POOL: "own.slot",
    PSA: "own.slot",
    JOIN: "own.join",
    HEAD: "own.head",
    BACKBONE: "own.backbone",
}
_BRANCHES = {
    ATTENTION: "own.attention.branch",
    UP: "own.attention.branch",
    JOIN: "own.join.branch",
    HEAD: "own.head.branch",
    BACKBONE: "own.backbone.branch",
}
# kinds that are built by the signature of the class that they replace
_SIGNED = (BLOCK, POOL, PSA, HEAD)
_REPEATED = (CONVOLUTION, LAYER, BLOCK, PSA)


@dataclass(frozen=True)
class OwnWriter:
    """Writes what a module adds to a pin.

    Attributes:
        paste: the module's file; `fitted` is the same file, adapted to the pin.
        pristine: the pin's text of its parser and of the files with its modules.
        upstream: the names that those files define.
        jinja: finds the templates.
    """

    pin: Pin
    module: Module
    paste: Pasted
    fitted: Fitted
    pristine: Mapping[str, str]
    upstream: Upstream
    jinja: SandboxedEnvironment

    @property
    def is_yolov5(self) -> bool:
        """Whether the pin has the folders of yolov5."""
        return self.pin.layout.style == "yolov5"

    @property
    def file(self) -> str:
        """The path of the pasted file."""
        return own_file(self.pin, self.module)

    @property
    def layers_file(self) -> str:
        """The path of the classes that use the module."""
        return own_layers_file(self.pin, self.module)

    @property
    def block(self) -> str:
        """The class that replaces the family's block."""
        return self.module.suffixed(self.pin.block)

    @property
    def made(self) -> tuple[str, ...]:
        """The classes around the module's own, for YAMLs."""
        module = self.module
        if module.stands_for_conv:
            return (module.conv, self.block)
        if module.kind == BLOCK:
            return (self.block,)
        if module.spread:
            return (module.bare,)
        if module.kind == BACKBONE:
            return (module.bare, *map(module.suffixed, module.stems))
        return tuple(map(module.suffixed, module.stems))

    @property
    def stood_for(self) -> str:
        """The class of upstream whose signature the class around the module has."""
        if self.module.kind == HEAD:
            return head_class(self.pin, self.module)
        return self.module.role.layer if self.module.kind in (POOL, PSA) else self.pin.block

    @property
    def _stood_for_in(self) -> str:
        """The path of the file with that class."""
        return head_file(self.pin) if self.module.kind == HEAD else self.pin.layout.common

    @property
    def _class(self) -> ast.ClassDef:
        return self.paste.classes[self.module.defined_as]

    def files(self) -> list[NewFile]:
        """Write the pasted file, and the classes with which the module replaces upstream's."""
        pasted = NewFile(self.file, self.fitted.text)
        if not self.made or self._is_in_parser:
            return [pasted]
        around = self._render(_AROUND.get(self.module.kind, f"{self.pin.layout.style}.classes"))
        used = used_names(ast.parse(around))
        torch = [line for name, line in _TORCH.items() if name in used]
        own = f"from {module_name(self.file)} import {self._named}\n"
        text = (
            f'"""{self.module.name} in the place of upstream\'s layers, written by yolopatch."""\n\n'
            + "".join(f"{line}\n" for line in torch)
            + ("\n" if torch else "")
            + "".join(sorted([own, *self._imports_of_upstream(used)]))
            + f"\n\n{around}"
        )
        return [pasted, NewFile(self.layers_file, text)]

    @property
    def _is_in_parser(self) -> bool:
        """Whether the classes around the module go into the parser's own file, which has the class that they need."""
        return self.module.kind == HEAD and self.is_yolov5

    def classes_in_parser(self) -> list[Edit]:
        """Write the classes around the module into the parser's file, below the class that they need."""
        if not self._is_in_parser:
            return []
        path = self.pin.layout.parser
        anchor = below_class(path, self.pristine[path], self.stood_for)
        return [Edit(path, anchor.at, f"\n\n{self._render(_AROUND[HEAD])}")]

    @property
    def _named(self) -> str:
        symbol, name = self.module.defined_as, self.named
        return name if symbol == name else f"{symbol} as {name}"

    @property
    def named(self) -> str:
        """The name of the module's class where it is used: a class around it has the module's own name."""
        return f"_{self.module.bare}" if self._is_renamed else self.module.bare

    @property
    def _is_renamed(self) -> bool:
        return self.module.spread or self.module.kind == BACKBONE

    def _imports_of_upstream(self, used: set[str]) -> list[str]:
        by_place: dict[str, list[str]] = {}
        for name in sorted(used & set(self.upstream.defined_in)):
            by_place.setdefault(self.upstream.defined_in[name], []).append(name)
        return [f"from {place} import {', '.join(names)}\n" for place, names in by_place.items()]

    def import_line(self) -> Edit:
        """Write the lines that import the module's classes into the parser."""
        path = self.pin.layout.parser
        anchor = below_modules(self.pin, self.pristine)
        hidden = not self._is_in_parser and (self._is_renamed or self.module.kind == HEAD)
        names = [] if hidden else [self.named]
        lines = "" if hidden else f"from {module_name(self.file)} import {self._named}\n"
        if self.made and not self._is_in_parser:
            names += sorted(self.made)
            lines += f"from {module_name(self.layers_file)} import {', '.join(sorted(self.made))}\n"
        return Edit(path, anchor.at, guarded(self.jinja, self.module, lines, names, self.fitted.packages))

    def fusion(self) -> list[Edit]:
        """Write the lines for fuse(): of a bare convolution, which has a BatchNorm after it, and of what folds."""
        if self.module.kind != CONVOLUTION and not self._folds:
            return []
        return [in_fuse(self.pin, self.pristine, self._render("fuse"))]

    @property
    def _folds(self) -> bool:
        return _has(self._class, "fold", "self")

    def branch(self) -> Edit:
        """Write the branch of parse_model for the module's rows."""
        template = _BRANCHES.get(self.module.kind, "branch")
        return in_parse_model(self.pin, self.pristine, self._render(template))

    def _render(self, template: str) -> str:
        path, common = self.pin.layout.parser, self.pin.layout.common
        place = self._stood_for_in
        if self.stood_for not in classes(parse(self.pristine.get(place, ""))):
            raise PatchError(f"{self.module.name} stands for {self.stood_for}, which is not in {self.pin.name}")
        replaced = _init(place, self.pristine.get(place, ""), self.stood_for)
        row_class = self.module.bare if self._takes_rows else ""
        bare = () if self.module.kind in _SIGNED and not row_class else (self.module.bare,)
        text = self.jinja.get_template(f"upstream/{template}.py.j2").render(
            pin=self.pin,
            m=self.module,
            named=self.named,
            stood_for=self.stood_for,
            block=self.block,
            made=self.made,
            placed=(*bare, *self.made),
            row_block=row_class,
            row_c3k=self._by_place[3:4] == ["c3k"],
            repeated=self._repeated(row_class),
            folded=_has(self._class, "folded", "self", "scale", "shift"),
            folds=self._folds,
            dialect=read_dialect(path, self.pristine[path], self.pin.block),
            attention="attn" in _names(_init(common, self.pristine[common], self.pin.block)),
            dilation=not self.is_yolov5,
            arguments=self._arguments(replaced),
            outputs=self._outputs,
            listed=bool(self.module.outputs),
            signature=self._signature(replaced),
            repeats="n" in names_in(self.module.call),
            widened="c2" in names_in(self.module.call),
            statements=self._statements(),
            is_a_head=self.module.stem in self.paste.bases(self.module.defined_as),
            given=", ".join(a.arg for a in replaced.args[1:]),
        )
        return text.strip("\n") + "\n"

    def _statements(self) -> list[str]:
        """Return what upstream's own branch does for the head that is replaced."""
        if self.module.kind != HEAD:
            return []
        path = self.pin.layout.parser
        done = branch_of(chain_of(path, self.pristine[path]), self.stood_for)
        if done is None:
            raise AnchorNotFound(f"the branch for {self.stood_for}", f"{path}, parse_model", "one", "none")
        return [line for node in done for line in ast.unparse(node).splitlines()]

    def _repeated(self, row_class: str) -> tuple[str, ...]:
        """Return the classes that get the number of repeats."""
        if self.module.kind not in _REPEATED:
            return ()
        return (*self.made[-1:], *([row_class] if row_class else []))

    @property
    def _by_place(self) -> list[str]:
        return [ast.unparse(value) for value in self._call.args]

    @property
    def _call(self) -> ast.Call:
        """The call that makes the module, parsed; a new tree each time."""
        call = _expression(self.module.call)
        assert isinstance(call, ast.Call)
        return call

    @property
    def _takes_rows(self) -> bool:
        """Tell whether a row can name the module itself, so that `[-1, 2, MyBlock, [256]]` works."""
        first = ["c1", "c2", "n"] if self.module.kind in _REPEATED else ["c1", "c2"]
        return self.module.kind in _SIGNED and self._by_place[: len(first)] == first

    def _arguments(self, block: ast.arguments) -> str:
        """Return the arguments of the module's call: none that upstream's class, which it replaces, does not have."""
        call = self._call
        if self.module.kind in (HEAD, JOIN):
            call = ast.fix_missing_locations(_Values(self.module.kind).visit(call))
        if self.module.kind in _SIGNED:
            have = _names(block)
            call.keywords = [k for k in call.keywords if _used(k.value) <= have]
            foreign = {name for value in call.args for name in _used(value)} - have
            if foreign:
                raise PatchError(
                    f"{self.module.name} needs the argument {', '.join(sorted(foreign))}, which {self.stood_for} of"
                    f" {self.pin.name} does not have",
                    hint=f'add it again with arguments that {self.stood_for} has there: --args "{self._example(have)}"',
                )
        return ", ".join(map(ast.unparse, [*call.args, *call.keywords]))

    def _example(self, have: set[str]) -> str:
        """Return the arguments of the module's call without those that use what upstream's class does not have."""
        constructor = read_constructor(self.paste, self.module.defined_as)
        written = self.module.call.partition("(")[2].removesuffix(")")
        given = bind(written, constructor, self.module.defined_as)
        return example(constructor, {one.argument: one.value for one in given if names_in(one.value) <= have})

    @property
    def _outputs(self) -> str:
        """The output channels, with the names that there are where they are used."""
        # a new tree: parsed expressions are shared
        return ast.unparse(_Values(self.module.kind).visit(_expression(self.module.outputs or by.INPUTS)))

    def _signature(self, block: ast.arguments) -> str:
        """Return the arguments of the class that it replaces, with the default values of the module if it has any."""
        if self.module.kind not in _SIGNED:
            return ""
        constructor = read_constructor(self.paste, self.module.defined_as)
        own = {a.meaning: a.default for a in constructor.arguments if a.meaning and a.default}
        arguments = block.args[1:]
        defaults = [None] * (len(arguments) - len(block.defaults)) + [ast.unparse(d) for d in block.defaults]
        return ", ".join(
            a.arg if default is None else f"{a.arg}={own.get(a.arg, default)}"
            for a, default in zip(arguments, defaults)
        )


class _Values(ast.NodeTransformer):
    """Puts in what the values of a join or a head are where it is called.

    Without new names in parse_model: the text of a row may name any local of it.
    """

    _OF = MappingProxyType(
        {
            JOIN: {by.INPUT_LIST: "[ch[x] for x in f]", by.COUNT: "len(f)"},
            HEAD: {by.INPUT_LIST: "ch", by.COUNT: "len(ch)"},
        }
    )

    def __init__(self, kind: str) -> None:
        """Keep the values of the kind."""
        self._values = self._OF.get(kind, {})

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        return _expression(self._values[node.id]) if node.id in self._values else node


_TORCH = {"torch": "import torch", "nn": "import torch.nn as nn"}


def _expression(text: str) -> ast.expr:
    """Return an expression as a new tree."""
    return ast.parse(text, mode="eval").body


def _init(path: str, text: str, name: str) -> ast.arguments:
    """Return the arguments of a class's constructor, which may be that of its base class.

    Raises:
        AnchorNotFound: the file does not have the class, or the class has no constructor.
    """
    have = classes(parse(text))
    node = have.get(name)
    while node and method(node, "__init__") is None:
        node = next((have[base] for base in map(ast.unparse, node.bases) if base in have), None)
    init = method(node, "__init__") if node else None
    if init is None:
        raise AnchorNotFound(f"the constructor of {name}", path, f"class {name} with an __init__", "none")
    return init.args


def _names(arguments: ast.arguments) -> set[str]:
    return {a.arg for a in arguments.args}


def _used(node: ast.expr) -> set[str]:
    return names_in(ast.unparse(node))


def _has(node: ast.ClassDef, name: str, *arguments: str) -> bool:
    """Tell whether a class has this method with exactly these arguments."""
    found = method(node, name)
    return found is not None and tuple(a.arg for a in found.args.args) == arguments
