"""Write the code that a module adds to a pin: its file, classes that use it, its branch, its code in fuse()."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONVOLUTION, DOWN, JOIN, LAYER, POOL, PSA, UP
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import AnchorNotFound, below_import
from yolopatch.core.code.module_code import in_fuse, in_parse_model
from yolopatch.core.code.parser_branch import read_dialect
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.paste.calls import names_in
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, method, parse, parse_expression, used_names
from yolopatch.errors import PatchError
from yolopatch.wire import arguments as by

# By kind, the template of the classes around a module, and that of its branch; the rest have the usual branch.
_AROUND = {BLOCK: "own.block", DOWN: "own.layer", POOL: "own.slot", PSA: "own.slot", JOIN: "own.join"}
_BRANCHES = {ATTENTION: "own.attention.branch", UP: "own.attention.branch", JOIN: "own.join.branch"}
# kinds that are built by the signature of the class that they replace
_SIGNED = (BLOCK, POOL, PSA)
_REPEATED = (CONVOLUTION, LAYER, BLOCK, PSA)


def own_file(pin: Pin, module: Module) -> str:
    """Return the path of the module's own file in the pin."""
    return str(PurePosixPath(pin.layout.common).parent / f"{module.source}.py")


def own_layers_file(pin: Pin, module: Module) -> str:
    """Return the path of the classes that use the module."""
    return own_file(pin, module).removesuffix(".py") + "_layers.py"


@dataclass(frozen=True)
class OwnWriter:
    """Writes what a module adds to a pin.

    Attributes:
        paste: the module's file; `text` is the same file, adapted to the pin.
        pristine: the pin's text of its parser and of the files with its modules.
        upstream: the names that those files define.
        jinja: finds the templates.
    """

    pin: Pin
    module: Module
    paste: Pasted
    text: str
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
        return tuple(map(module.suffixed, module.stems))

    @property
    def stood_for(self) -> str:
        """The class of upstream whose signature the class around the module has."""
        return self.pin.block if self.module.kind not in (POOL, PSA) else self.module.role.layer

    @property
    def _class(self) -> ast.ClassDef:
        return self.paste.classes[self.symbol]

    def files(self) -> list[NewFile]:
        """Write the pasted file, and the classes with which the module replaces upstream's."""
        pasted = NewFile(self.file, self.text)
        if not self.made:
            return [pasted]
        around = self._render(_AROUND.get(self.module.kind, f"{self.pin.layout.style}.classes"))
        used = used_names(ast.parse(around))
        torch = [line for name, line in _TORCH.items() if name in used]
        own = f"from {_dotted(self.file)} import {self._named}\n"
        text = (
            f'"""{self.module.name} in the place of upstream\'s layers, written by yolopatch."""\n\n'
            + "".join(f"{line}\n" for line in torch)
            + ("\n" if torch else "")
            + "".join(sorted([own, *self._imports_of_upstream(used)]))
            + f"\n\n{around}"
        )
        return [pasted, NewFile(self.layers_file, text)]

    @property
    def _named(self) -> str:
        symbol, name = self.symbol, self.named
        return name if symbol == name else f"{symbol} as {name}"

    @property
    def symbol(self) -> str:
        """The name of the module's class in its own file."""
        return self.module.symbol or self.module.bare

    @property
    def named(self) -> str:
        """The name of the module's class where it is used: a class around it has the module's own name."""
        return f"_{self.module.bare}" if self.module.spread else self.module.bare

    def _imports_of_upstream(self, used: set[str]) -> list[str]:
        by_place: dict[str, list[str]] = {}
        for name in sorted(used & set(self.upstream.defined_in)):
            by_place.setdefault(self.upstream.defined_in[name], []).append(name)
        return [f"from {place} import {', '.join(names)}\n" for place, names in by_place.items()]

    def import_line(self) -> Edit:
        """Write the lines that import the module's classes into the parser."""
        path = self.pin.layout.parser
        package = f"{self.pin.layout.package}." if self.pin.layout.package else ""
        behind = f"{package}models.experimental" if self.is_yolov5 else "ultralytics.nn.modules"
        anchor = below_import(path, self.pristine[path], behind)
        lines = "" if self.module.spread else f"from {_dotted(self.file)} import {self._named}\n"
        if self.made:
            lines += f"from {_dotted(self.layers_file)} import {', '.join(sorted(self.made))}\n"
        return Edit(path, anchor.at, lines)

    def fusion(self) -> list[Edit]:
        """Write the lines for fuse(); only a bare convolution, which has a BatchNorm after it, needs them."""
        if self.module.kind != CONVOLUTION:
            return []
        return [in_fuse(self.pin, self.pristine, self._render("fuse"))]

    def branch(self) -> Edit:
        """Write the branch of parse_model for the module's rows."""
        template = _BRANCHES.get(self.module.kind, "branch")
        return in_parse_model(self.pin, self.pristine, self._render(template))

    def _render(self, template: str) -> str:
        path, common = self.pin.layout.parser, self.pin.layout.common
        replaced = _init(common, self.pristine[common], self.stood_for)
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
            folds=_has(self._class, "fold", "self"),
            dialect=read_dialect(path, self.pristine[path], self.pin.block),
            attention="attn" in _names(_init(common, self.pristine[common], self.pin.block)),
            dilation=not self.is_yolov5,
            arguments=self._arguments(replaced),
            outputs=self._in_parser(self.module.outputs or "c1"),
            signature=self._signature(replaced),
            repeats="n" in names_in(self.module.call),
            widened="c2" in names_in(self.module.call),
        )
        return text.strip("\n") + "\n"

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
        call = ast.parse(self.module.call, mode="eval").body
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
        if self.module.kind in _SIGNED:
            have = _names(block)
            call.keywords = [k for k in call.keywords if _used(k.value) <= have]
            foreign = {name for value in call.args for name in _used(value)} - have
            if foreign:
                raise PatchError(
                    f"{self.module.name} needs the argument {', '.join(sorted(foreign))}, which {self.stood_for} of"
                    f" {self.pin.name} does not have",
                    hint='add it again with arguments that every block has: --args "c1, c2, n, shortcut, g, e"',
                )
        written = ", ".join(map(ast.unparse, [*call.args, *call.keywords]))
        return self._in_parser(f"({written},)")[1:-1].rstrip(",") if self.module.kind == JOIN and written else written

    def _in_parser(self, expression: str) -> str:
        """Return an expression with the names that parse_model has: its loop has no list of a join's channels."""
        return ast.unparse(_Parser().visit(parse_expression(expression)))

    def _signature(self, block: ast.arguments) -> str:
        """Return the arguments of the class that it replaces, with the default values of the module if it has any."""
        if self.module.kind not in _SIGNED:
            return ""
        constructor = read_constructor(self.paste, self.symbol)
        own = {a.meaning: a.default for a in constructor.arguments if a.meaning and a.default}
        arguments = block.args[1:]
        defaults = [None] * (len(arguments) - len(block.defaults)) + [ast.unparse(d) for d in block.defaults]
        return ", ".join(
            a.arg if default is None else f"{a.arg}={own.get(a.arg, default)}"
            for a, default in zip(arguments, defaults)
        )


class _Parser(ast.NodeTransformer):
    """Puts in what a join's values are in parse_model, without new names: a row's text may name any local of it."""

    _VALUES = MappingProxyType({by.INPUT_LIST: "[ch[x] for x in f]", by.COUNT: "len(f)"})

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        return parse_expression(self._VALUES[node.id]) if node.id in self._VALUES else node


_TORCH = {"torch": "import torch", "nn": "import torch.nn as nn"}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _init(path: str, text: str, name: str) -> ast.arguments:
    """Return the arguments of a class's constructor.

    Raises:
        AnchorNotFound: the file does not have the class, or the class has no constructor.
    """
    node = classes(parse(text)).get(name)
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
