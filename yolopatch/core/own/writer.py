"""Write the code that a user's own module adds to a pin: the classes around it, its branch, its fusion."""

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
    """Return where the pin gets the pasted file."""
    return str(PurePosixPath(pin.layout.common).parent / f"{module.source}.py")


def own_layers_file(pin: Pin, module: Module) -> str:
    """Return where the pin gets the classes around the module."""
    return own_file(pin, module).removesuffix(".py") + "_layers.py"


@dataclass(frozen=True)
class OwnWriter:
    """Writes what a user's own module adds to a pin.

    Attributes:
        paste: the file, and `text` the same as the pin gets it.
        pristine: the pin's text of its parser and of the files with its modules.
        upstream: what those define.
        jinja: the environment of `templates/`.
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
        """Whether the pin is laid out as yolov5."""
        return self.pin.layout.style == "yolov5"

    @property
    def file(self) -> str:
        """Where the pasted file goes."""
        return own_file(self.pin, self.module)

    @property
    def layers_file(self) -> str:
        """Where the classes around the module go."""
        return own_layers_file(self.pin, self.module)

    @property
    def block(self) -> str:
        """The class that stands for the family's block."""
        return self.module.suffixed(self.pin.block)

    @property
    def made(self) -> tuple[str, ...]:
        """The classes around the module that a YAML may name."""
        if self.module.kind == ATTENTION:
            return ()
        return (self.block,) if self.module.kind == BLOCK else (self.module.conv, self.block)

    @property
    def _class(self) -> ast.ClassDef:
        return self.paste.classes[self.module.symbol]

    def files(self) -> list[NewFile]:
        """Write the pasted file, and beside it the classes that put the module where upstream's stand."""
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
        """Write the lines that give the parser the module's classes."""
        path = self.pin.layout.parser
        package = f"{self.pin.layout.package}." if self.pin.layout.package else ""
        behind = f"{package}models.experimental" if self.is_yolov5 else "ultralytics.nn.modules"
        anchor = below_import(path, self.pristine[path], behind)
        lines = f"from {_dotted(self.file)} import {self._named}\n"
        if self.made:
            lines += f"from {_dotted(self.layers_file)} import {', '.join(sorted(self.made))}\n"
        return Edit(path, anchor.at, lines)

    def fusion(self) -> list[Edit]:
        """Write what fuse() has to do, if it has: a module that stands for itself is not folded by anybody."""
        if self.module.kind != CONVOLUTION:
            return []
        return [in_fuse(self.pin, self.pristine, self._render("fuse"))]

    def branch(self) -> Edit:
        """Write what parse_model does with the module's rows."""
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
        """The call that makes the module, parsed; each time anew."""
        call = ast.parse(self.module.call, mode="eval").body
        assert isinstance(call, ast.Call)
        return call

    @property
    def _takes_rows(self) -> bool:
        """Tell whether a post's own row, `[-1, 2, MyBlock, [256, ...]]`, gives the block what upstream's would get."""
        return self.module.kind == BLOCK and self._by_place[:3] == ["c1", "c2", "n"]

    def _arguments(self, block: ast.arguments) -> str:
        """Return what stands between the parentheses of the module's call, for a block without what the pin's lacks."""
        call = self._call
        if self.module.kind == BLOCK:
            have = _names(block)
            call.keywords = [k for k in call.keywords if _used(k.value) <= have]
            foreign = {name for value in call.args for name in _used(value)} - have
            if foreign:
                raise PatchError(
                    f"{self.module.name} is given {', '.join(sorted(foreign))}, and {self.pin.name}'s {self.pin.block}"
                    " has no such argument",
                    hint="add it again, with --args that name only what every block has: c1, c2, n, shortcut, g, e",
                )
        return ", ".join(map(ast.unparse, [*call.args, *call.keywords]))

    def _signature(self, block: ast.arguments) -> str:
        """Return the arguments of upstream's block; a default is the module's own where it has one."""
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
        AnchorNotFound: the file has no such class, or the class no constructor of its own.
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
    """Tell whether a class has a method with exactly these arguments."""
    found = method(node, name)
    return found is not None and tuple(a.arg for a in found.args.args) == arguments
