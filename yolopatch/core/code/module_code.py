"""Write the code that a module adds to a pin: its classes, its branch in parse_model, its code in fuse()."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.module import Module, Place
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import Anchor, below_import, chain_of, first_in_fuse
from yolopatch.core.code.flavor import Cut, cut
from yolopatch.core.code.parser_branch import read_dialect
from yolopatch.core.edits import Change, Edit, NewFile
from yolopatch.core.syntax import classes, method, parse
from yolopatch.core.text import split_lines


def module_changes(
    pin: Pin, module: Module, flavor: str, source: str, pristine: Mapping[str, str], templates: SandboxedEnvironment
) -> list[Change]:
    """Return the changes that add a module in one flavor to a pin.

    Args:
        source: the text of the module's source file.
        pristine: the pin's text of `layout.parser` and `layout.common`.
        templates: finds the templates of `upstream/`.

    Raises:
        AnchorNotFound: the position of a line was not found in the pin's parser.
    """
    place = module.place_of(flavor) if pin.layout.style == "ultralytics" else None
    names = (*module.classes, *(place.extras if place else ()))
    write = _Writer(pin, module, flavor, place, cut(source, names, flavor), pristine, templates)
    if pin.layout.style == "yolov5":
        return [write.classes_at_end(), write.fusion(), write.branch()]
    return [*write.files(), write.imports(), write.fusion(), write.branch()]


@dataclass(frozen=True)
class _Writer:
    pin: Pin
    module: Module
    flavor: str
    place: Place | None
    cut: Cut
    pristine: Mapping[str, str]
    jinja: SandboxedEnvironment

    @property
    def block(self) -> str:
        return self.module.suffixed(self.pin.block)

    @property
    def placed(self) -> tuple[str, ...]:
        """The classes that a YAML can use."""
        return (self.module.bare, self.module.conv, self.block)

    def _render(self, template: str) -> str:
        path = self.pin.layout.parser
        text = self.jinja.get_template(f"upstream/{template}.py.j2").render(
            pin=self.pin,
            m=self.module,
            block=self.block,
            placed=self.placed,
            row_block="",
            repeated=(self.block,),
            folded=True,
            folds=_has_method(self.cut.body, "fold"),
            dialect=read_dialect(path, self.pristine[path], self.pin.block),
            attention="attn" in _arguments(self.pristine[self.pin.layout.common], "C3k2"),
        )
        return text.strip("\n") + "\n"

    def files(self) -> list[NewFile]:
        """The new files of ultralytics: one with all classes, or the post's and one with what the post lacks."""
        ours = self.pin.layout.module_file(self.module.source)
        if self.place is None:
            return [NewFile(ours, self._all_classes())]
        if self.place.has_blocks:
            files = [NewFile(self.place.file, self._all_classes())]
        else:
            files = [NewFile(self.place.file, self._module_classes()), NewFile(ours, self._block_classes(self.place))]
        if self.place.exported:
            name = self.place.module.rpartition(".")[2]
            files.append(NewFile(self.place.package_file, f"from .{name} import *\n"))
        return files

    def _all_classes(self) -> str:
        imports = (*self.cut.imports, "import torch", "import torch.nn as nn")
        return self._file(
            [_sorted(imports), self._upstream_imports()], self.cut.body, self._render("ultralytics.classes")
        )

    def _module_classes(self) -> str:
        return self._file([_sorted(self.cut.imports)], self.cut.body)

    def _block_classes(self, place: Place) -> str:
        theirs = f"from {place.imported_from} import {self.module.bare}"
        imports = _sorted(("import torch", "import torch.nn as nn"))
        return self._file([imports, f"{theirs}\n{self._upstream_imports()}"], self._render("ultralytics.classes"))

    def _file(self, imports: Sequence[str], *code: str) -> str:
        docstring = f'"""{self.cut.docstring}\n\n{_origin(self.module, self.flavor)}\n"""'
        return "\n\n".join([docstring, *imports]) + "\n\n\n" + "\n\n".join(code)

    def _upstream_imports(self) -> str:
        names = sorted({"Bottleneck", *_bases(self.pin, self.pristine[self.pin.layout.common])})
        return (
            f"from ultralytics.nn.modules.block import {', '.join(names)}\nfrom ultralytics.nn.modules.conv import Conv"
        )

    def classes_at_end(self) -> Edit:
        common = self.pristine[self.pin.layout.common]
        header = textwrap.indent(
            f"{self.cut.docstring}\n\n{_origin(self.module, self.flavor)}", "# ", lambda line: True
        )
        header = "\n".join(line.rstrip() for line in header.splitlines())
        have = set(_import_lines(common))
        imports = "".join(f"{line}  # noqa: E402\n" for line in self.cut.imports if line not in have)
        text = (
            f"\n\n{header}\n{imports}\n\n{self.cut.body}\n\n" if imports else f"\n\n{header}\n\n\n{self.cut.body}\n\n"
        )
        return Edit(self.pin.layout.common, len(split_lines(common)), text + self._render("yolov5.classes"))

    def imports(self) -> Edit:
        """The lines of the parser that import what a YAML can use; a post's class by the post's line."""
        ours = f"ultralytics.nn.modules.{self.module.source}"
        if self.place is None:
            lines = [_import_line(ours, self.placed)]
        elif self.place.has_blocks:
            lines = [_import_line(self.place.imported_from, self.placed)]
        else:
            bare = self.module.bare
            others = [name for name in self.placed if name != bare]
            lines = [_import_line(self.place.imported_from, [bare]), _import_line(ours, others)]
        return Edit(self.pin.layout.parser, below_modules(self.pin, self.pristine).at, "".join(lines))

    def fusion(self) -> Edit:
        return in_fuse(self.pin, self.pristine, self._render("fuse"))

    def branch(self) -> Edit:
        return in_parse_model(self.pin, self.pristine, self._render("branch"))


def below_modules(pin: Pin, pristine: Mapping[str, str]) -> Anchor:
    """Return the position in the pin's parser below the import of upstream's own modules."""
    path = pin.layout.parser
    package = f"{pin.layout.package}." if pin.layout.package else ""
    modules = f"{package}models.experimental" if pin.layout.style == "yolov5" else "ultralytics.nn.modules"
    return below_import(path, pristine[path], modules)


def in_fuse(pin: Pin, pristine: Mapping[str, str], lines: str) -> Edit:
    """Return the edit that puts lines at the start of the loop in the pin's fuse()."""
    path = pin.layout.parser
    anchor = first_in_fuse(path, pristine[path])
    return Edit(path, anchor.at, textwrap.indent(lines, anchor.margin))


def in_parse_model(pin: Pin, pristine: Mapping[str, str], lines: str) -> Edit:
    """Return the edit that puts a branch after the first branch in the pin's parse_model."""
    path = pin.layout.parser
    anchor = chain_of(path, pristine[path]).anchor
    return Edit(path, anchor.at, textwrap.indent(lines, anchor.margin))


def _origin(module: Module, flavor: str) -> str:
    return f"{module.name}, flavor `{flavor}`, added by yolopatch."


def _import_line(module: str, names: Iterable[str]) -> str:
    return f"from {module} import {', '.join(sorted(names))}\n"


def _sorted(imports: Iterable[str]) -> str:
    return "\n".join(sorted(dict.fromkeys(imports), key=_import_order))


def _import_order(line: str) -> tuple[bool, str]:
    return (line.startswith("import torch"), line)


def _import_lines(text: str) -> list[str]:
    return [ast.unparse(node) for node in parse(text).body if isinstance(node, ast.Import)]


def _has_method(text: str, name: str) -> bool:
    """Tell whether any class in this text defines the method."""
    return any(method(node, name) for node in classes(parse(text)).values())


def _arguments(text: str, name: str) -> list[str]:
    """Return the argument names of a class's constructor; empty if the text does not have it."""
    node = classes(parse(text)).get(name)
    init = node and method(node, "__init__")
    return [argument.arg for argument in init.args.args] if init else []


def _bases(pin: Pin, common: str) -> list[str]:
    if pin.block != "C3k2":
        return [pin.block]
    return ["C3k", "C3k2", *(["PSABlock"] if "attn" in _arguments(common, "C3k2") else [])]
