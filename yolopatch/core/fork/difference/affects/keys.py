"""What the settings of an upstream affect: those of its releases by a table, others by looking at what reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from yolopatch.core.fork.changes import (
    ARCHITECTURE,
    ASSIGNMENT,
    AUGMENTATION,
    DATA,
    EVALUATION,
    EXPORT,
    LOSS,
    NOTHING,
    TRAINING,
)
from yolopatch.core.fork.difference.affects.influence import Influence, ordered
from yolopatch.core.fork.difference.code.units import Unit, code_of
from yolopatch.core.fork.names.references import dotted_name

# The keys of `ultralytics/cfg/default.yaml` of all releases, of yolov5's hyperparameters, and of its options.
_KEYS = {
    (ARCHITECTURE,): "model end2end anchors",
    (LOSS,): "box cls cls_pw obj obj_pw dfl pose kobj rle angle fl_gamma label_smoothing",
    (ASSIGNMENT,): "iou_t anchor_t",
    (TRAINING,): (
        "epochs time patience batch pretrained optimizer seed cos_lr resume amp freeze multi_scale dropout"
        " deterministic nbs lr0 lrf momentum weight_decay warmup_epochs warmup_momentum warmup_bias_lr"
        " overlap_mask mask_ratio v5loader task mode batch_size adam image_weights linear_lr sync_bn noautoanchor quad"
    ),
    (TRAINING, EVALUATION): "imgsz img img_size",
    (AUGMENTATION,): (
        "close_mosaic hsv_h hsv_s hsv_v degrees translate scale shear perspective flipud fliplr bgr mosaic mixup cutmix"
        " copy_paste copy_paste_mode auto_augment erasing crop_fraction augmentations"
    ),
    (EVALUATION,): (
        "val split save_hybrid conf iou max_det half dnn vid_stride stream_buffer augment agnostic_nms classes"
        " retina_masks tracker conf_thres iou_thres"
    ),
    (EXPORT,): "format keras optimize int8 dynamic simplify opset workspace nms",
    (DATA,): "data fraction single_cls rect",
    (NOTHING,): (
        "save save_period cache device workers project name exist_ok verbose profile save_json plots source visualize"
        " embed show save_frames save_txt save_conf save_crop show_labels show_conf show_boxes line_width"
        " line_thickness boxes hide_labels hide_conf cfg min_memory compile"
    ),
}
_SETTINGS = ("args", "hyp", "opt", "cfg", "overrides", "custom", "kwargs")  # what holds settings in upstream's code
_AREAS = {key: areas for areas, keys in _KEYS.items() for key in keys.split()}


def known_areas(key: str) -> tuple[str, ...] | None:
    """Return what a setting of upstream's own affects; None for one that no release has."""
    return _AREAS.get(key)


def areas_of_readers(influence: Influence, key: str) -> tuple[str, ...] | None:
    """Return what those affect who read a setting in a tree; None if nobody reads it."""
    found = [
        influence.of(path, unit.name)
        for path in influence.uses.code.mentioning(key)
        for unit in influence.uses.units(path).values()
        if key in _settings_read(unit)
    ]
    return ordered(area for areas in found for area in areas) if found else None


def set_areas(node: ast.AST) -> tuple[str, ...]:
    """Return what the settings affect that a statement sets: `self.args.mosaic = 0.0`; empty if it sets none."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = (name for target in targets if target is not None and _is_setting(target) for name in _read(target))
    areas = {area for name in names for area in known_areas(name) or ()}
    return ordered(areas) if areas - {NOTHING} else ()


def _is_setting(target: ast.AST) -> bool:
    """Tell whether this is an attribute or an item of settings."""
    owner = dotted_name(target.value) if isinstance(target, (ast.Attribute, ast.Subscript)) else None
    return owner is not None and owner.rpartition(".")[2] in _SETTINGS


def narrowed_to_settings(areas: tuple[str, ...], nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """Return those of several areas that the settings in a piece of code belong to; all if there is no such setting."""
    if len(areas) < 2:
        return areas
    read = {name for node in nodes for part in ast.walk(node) for name in _read(part)}
    found = {area for name in read for area in known_areas(name) or ()}
    return tuple(area for area in areas if area in found) or areas


def _settings_read(unit: Unit) -> set[str]:
    """Return the settings that a unit can read: `args.box`, `hyp["box"]`, `hyp.get("box")`."""
    return {name for node in code_of(unit) for part in ast.walk(node) for name in _read(part)}


def _read(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Subscript):
        yield from _texts(node.slice)
    elif isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name)):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name in ("get", "getattr"):
            yield from (text for argument in node.args for text in _texts(argument))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
