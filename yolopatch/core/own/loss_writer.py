"""Write what a loss adds to a pin: its file, one that stands between it and upstream's, and the lines that call it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.module import ASSIGNER_FLAVOR, Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code import loss_places
from yolopatch.core.code.anchors import Anchor, AnchorNotFound
from yolopatch.core.code.loss_files import assigner_file, loss_file, loss_folder
from yolopatch.core.code.module_code import below_modules
from yolopatch.core.code.own_files import loss_stem, own_file
from yolopatch.core.edits import Change, Edit, NewFile
from yolopatch.core.own.guard import guarded
from yolopatch.core.paste.fitting import Fitted
from yolopatch.core.paste.reading import Pasted

_BOX_LOSS_ARGUMENTS = ("anchor_points", "fg_mask")


def keeps_state(paste: Pasted, symbol: str) -> bool:
    """Tell whether a loss of a file has buffers: its class, or a base class of it in the file, registers one."""
    owners = (paste.classes[one] for one in (symbol, *paste.bases(symbol)) if one in paste.classes)
    return any(
        isinstance(part, ast.Attribute) and part.attr == "register_buffer"
        for owner in owners
        for part in ast.walk(owner)
    )


@dataclass(frozen=True)
class LossWriter:
    """Writes what a loss adds to a pin.

    Attributes:
        paste: the loss's file; `fitted` is the same file, adapted to the pin.
        flavor: of the module; with `ASSIGNER_FLAVOR`, boxes are assigned by it, too.
        pristine: the pin's text of its parser, its losses and its assigner.
        jinja: finds the templates.
    """

    pin: Pin
    module: Module
    flavor: str
    paste: Pasted
    fitted: Fitted
    pristine: Mapping[str, str]
    jinja: SandboxedEnvironment

    def changes(self) -> list[Change]:
        """Write everything.

        Raises:
            AnchorNotFound: a place for a line was not found in the pin.
        """
        edits = [self._import_into_loss(), self._criterion(), *self._overlap()]
        if self._keeps_state:
            edits += [*self._second_criteria(), *self._kept_state()]
        if self.flavor == ASSIGNER_FLAVOR:
            edits += self._assigner()
        around = f"{loss_folder(self.pin)}/{self._around}.py"
        return [NewFile(own_file(self.pin, self.module), self.fitted.text), NewFile(around, self._between()), *edits]

    @property
    def _is_yolov5(self) -> bool:
        return self.pin.layout.style == "yolov5"

    @property
    def _around(self) -> str:
        """The name of the file that stands between."""
        return f"{loss_stem(self.module)}_loss"

    @property
    def _keeps_state(self) -> bool:
        return self.module.defined_as in self.paste.classes and keeps_state(self.paste, self.module.defined_as)

    @property
    def _package(self) -> str:
        """The dotted name of the folder with the losses."""
        return loss_folder(self.pin).replace("/", ".")

    def _between(self) -> str:
        module = self.module
        is_class = self.module.defined_as in self.paste.classes
        body = self.jinja.get_template("upstream/own.loss.py.j2").render(
            boxes=module.boxes,
            gives=module.gives,
            call=module.call,
            called=self._called(is_class),
            is_class=is_class,
            is_module=self.paste.is_module(self.module.defined_as) if is_class else False,
            keeps_state=self._keeps_state,
            yolov5=self._is_yolov5,
            assigner=self.flavor == ASSIGNER_FLAVOR,
        )
        symbol = module.defined_as
        named = symbol if symbol == module.bare else f"{symbol} as {module.bare}"
        head = f'"""{module.name} in the place of the overlap in upstream\'s box loss, written by yolopatch."""\n\n'
        weak = "import weakref\n\n" if is_class else ""
        line = f"from {self._package}.{loss_stem(module)} import {named}\n"
        imports = guarded(self.jinja, module, line, [module.bare], self.fitted.packages)
        return f"{head}{weak}import torch\n\n{imports}\n{body.strip()}\n"

    def _called(self, is_class: bool) -> str:
        """Return the call that gives the losses of `pred` and `target`."""
        boxes = [
            f"{name}.T" if form.endswith(".T") else name for name, form in zip(("pred", "target"), self.module.boxes)
        ]
        if is_class:
            return f"loss({', '.join([*boxes, *([self.module.passed] if self.module.passed else [])])})"
        call = ast.parse(self.module.call, mode="eval").body
        assert isinstance(call, ast.Call)
        given = map(ast.unparse, [*call.args, *call.keywords])
        return f"{self.module.bare}({', '.join([*boxes, *given])})"

    def _import_into_loss(self) -> Edit:
        path = loss_file(self.pin)
        anchor = loss_places.below_import_of(path, self._text_of(path), "bbox_iou")
        return Edit(path, anchor.at, f"from {self._package} import {self._around}\n")

    def _criterion(self) -> Edit:
        path = loss_file(self.pin)
        anchor, criterion, head = loss_places.below_criterion(path, self._text_of(path))
        return _lines(path, anchor, f"{self._around}.prepare({criterion}, {head})")

    def _overlap(self) -> list[Edit]:
        path = loss_file(self.pin)
        text = self._text_of(path)
        place = loss_places.overlap_of_box_loss(path, text)
        iou, (pred, target) = place.variable, place.boxes
        if self._is_yolov5:
            level, grid = loss_places.level_of_boxes(path, text)
            call = f"{self._around}.overlap(self, {iou}, {level}, {pred}, {target}, {grid})"
            return [
                _lines(path, place.below, f"plain, {iou} = {iou}, {call}"),
                _lines(path, place.used, f"{iou} = plain  # upstream's own stays the target of the objectness"),
            ]
        missing = [name for name in _BOX_LOSS_ARGUMENTS if name not in loss_places.arguments_of_box_loss(path, text)]
        whole = [one.removesuffix("[fg_mask]") for one in (pred, target)]
        if missing or whole == [pred, target]:
            raise AnchorNotFound(
                "the boxes of the loss",
                f"{path}, BboxLoss.forward",
                "boxes[fg_mask], and the arguments anchor_points and fg_mask",
                ", ".join([pred, target, *(f"no {name}" for name in missing)]),
            )
        call = f"{self._around}.overlap(self, {iou}, {', '.join(whole)}, anchor_points, fg_mask)"
        return [_lines(path, place.below, f"{iou} = {call}")]

    def _second_criteria(self) -> Iterator[Edit]:
        path = loss_file(self.pin)
        for anchor, criterion in loss_places.below_second_criteria(path, self._text_of(path)):
            yield _lines(path, anchor, f"{self._around}.second({criterion})")

    def _kept_state(self) -> list[Edit]:
        path = self.pin.layout.parser
        text = self._text_of(path)
        anchor, layers = loss_places.end_of_parse_model(path, text)
        return [
            Edit(path, below_modules(self.pin, self.pristine).at, f"from {self._package} import {self._around}\n"),
            _lines(path, anchor, f"{self._around}.keep_state({layers}[-1])"),
        ]

    def _assigner(self) -> list[Edit]:
        path = assigner_file(self.pin)
        text = self._text_of(path)
        place = loss_places.overlap_of_assigner(path, text)
        imported = loss_places.below_import_of(path, text, "bbox_iou")
        return [
            Edit(path, imported.at, f"from {self._package} import {self._around}\n"),
            _lines(path, place.at, f"{place.gives} {self._around}.assigned({', '.join(place.boxes)})"),
        ]

    def _text_of(self, path: str) -> str:
        if path not in self.pristine:
            raise AnchorNotFound("the file of the loss", path, "a file of upstream's", "none")
        return self.pristine[path]


def _lines(path: str, anchor: Anchor, code: str) -> Edit:
    return Edit(path, anchor.at, textwrap.indent(f"{code}\n", anchor.margin))
