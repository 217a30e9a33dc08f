"""Write the code that a user's own module adds to a pin: classes that use it, its branch, its code in fuse()."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.modules import ATTENTION, BLOCK, CONVOLUTION, Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import AnchorNotFound, below_import
from yolopatch.core.code.module_code import in_fuse, in_parse_model
from yolopatch.core.code.parser_branch import read_dialect
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.paste.calls import names_in
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, method, parse, used_names
from yolopatch.errors import PatchError


def own_file(pin: Pin, module: Module) -> str:
    """Return the path of the pasted file in the pin."""
    return str(PurePosixPath(pin.layout.common).parent / f"{module.source}.py")


def own_layers_file(pin: Pin, module: Module) -> str:
    """Return the path of the classes that use the module."""
    return own_file(pin, module).removesuffix(".py") + "_layers.py"


@dataclass(frozen=True)
class OwnWriter:
    """Writes what a user's own module adds to a pin.

    Attributes:
        paste: the pasted file; `text` is the same file, adapted to the pin.
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
        """The classes that use the module, for YAMLs."""
        if self.module.kind == ATTENTION:
            return ()
        return (self.block,) if self.module.kind == BLOCK else (self.module.conv, self.block)

    @property
    def _class(self) -> ast.ClassDef:
        return self.paste.classes[self.module.symbol]

    def files(self) -> list[NewFile]:
        """Write the pasted file, and the classes with which the module replaces upstream's."""
        pasted = NewFile(self.file, self.text)
        if not self.made:
            return [pasted]
        around = self._render("own.block" if self.module.kind == BLOCK else f"{self.pin.layout.style}.classes")
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
        symbol, name = self.module.symbol, self.module.bare
        return name if symbol == name else f"{symbol} as {name}"

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
        lines = f"from {_dotted(self.file)} import {self._named}\n"
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
        template = "own.attention.branch" if self.module.kind == ATTENTION else "branch"
        return in_parse_model(self.pin, self.pristine, self._render(template))

    def _render(self, template: str) -> str:
        path, common = self.pin.layout.parser, self.pin.layout.common
        block = _init(common, self.pristine[common], self.pin.block)
        row_block = self.module.bare if self._takes_rows else ""
        text = self.jinja.get_template(f"upstream/{template}.py.j2").render(
            pin=self.pin,
            m=self.module,
            block=self.block,
            placed=self.made if self.module.kind == BLOCK and not row_block else (self.module.bare, *self.made),
            row_block=row_block,
            row_c3k=self._by_place[3:4] == ["c3k"],
            folded=_has(self._class, "folded", "self", "scale", "shift"),
            folds=_has(self._class, "fold", "self"),
            dialect=read_dialect(path, self.pristine[path], self.pin.block),
            attention="attn" in _names(block),
            arguments=self._arguments(block),
            signature=self._signature(block),
            repeats="n" in names_in(self.module.call),
        )
        return text.strip("\n") + "\n"

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
        """Tell whether the module takes the arguments of upstream's block, so that `[-1, 2, MyBlock, [256]]` works."""
        return self.module.kind == BLOCK and self._by_place[:3] == ["c1", "c2", "n"]

    def _arguments(self, block: ast.arguments) -> str:
        """Return the arguments of the module's call; a block gets no argument that the pin's block does not have."""
        call = self._call
        if self.module.kind == BLOCK:
            have = _names(block)
            call.keywords = [k for k in call.keywords if _used(k.value) <= have]
            foreign = {name for value in call.args for name in _used(value)} - have
            if foreign:
                raise PatchError(
                    f"{self.module.name} needs the argument {', '.join(sorted(foreign))}, which {self.pin.block} of"
                    f" {self.pin.name} does not have",
                    hint='add it again with arguments that every block has: --args "c1, c2, n, shortcut, g, e"',
                )
        return ", ".join(map(ast.unparse, [*call.args, *call.keywords]))

    def _signature(self, block: ast.arguments) -> str:
        """Return the arguments of upstream's block, with the default values of the module if it has any."""
        if self.module.kind != BLOCK:
            return ""
        constructor = read_constructor(self.paste, self.module.symbol)
        own = {a.meaning: a.default for a in constructor.arguments if a.meaning and a.default}
        arguments = block.args[1:]
        defaults = [None] * (len(arguments) - len(block.defaults)) + [ast.unparse(d) for d in block.defaults]
        return ", ".join(
            a.arg if default is None else f"{a.arg}={own.get(a.arg, default)}"
            for a, default in zip(arguments, defaults)
        )


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
