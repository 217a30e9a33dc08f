"""Does the model run at other sizes than the square one, and give finite outputs of the right shapes?"""

import torch

from ...build.subject import shapes
from ...protocol.findings import failed, passed
from ...protocol.raising import told
from ...tensors.tensors import is_finite, layer_name, tensors
from ..rules import Rules

_LEAST_STRIDE = 32  # a classifier says 1, though its layers halve the image five times as well


RULES = Rules(needs_run=False)


def check(subject):
    """Fail where the model raises, gives values that are not finite, or shapes that are not the base's.

    Batches of 1 and 2, and two sizes that are not square and whose coarsest maps are odd.
    """
    model, train = _prepared(subject)
    trials = {"train": train} if train else {}
    for batch, side in _sizes(subject):
        trials[_text(subject.images(side, batch))] = _problem(subject, model, side, batch) or "ok"
    problems = {name: problem for name, problem in trials.items() if problem != "ok"}
    if not problems:
        alike = "finite, and shaped as the base's" if _one_for_one(subject) else "finite"
        return passed(f"outputs are {alike}, at {', '.join(trials)}", trials=trials)
    name, problem = next(iter(problems.items()))
    return failed(
        f"{len(problems)} of {len(trials)} trials fail; {name}: {problem}",
        "let the module take its sizes from its input, at every forward, and pad as the layer that it replaces",
        trials=trials,
    )


def _prepared(subject):
    """Return the model with BatchNorm statistics and, where it cannot be had, the plain one and why."""
    try:
        return subject.calibrated, ""
    except Exception as error:  # whatever the model's code raises in train mode
        return subject.model, told(subject.model, error)


def _sizes(subject):
    """Return (batch, side) of each trial; an odd number of strides makes odd maps, which halve to a fraction."""
    stride = max(int(max(subject.model.stride)), _LEAST_STRIDE)
    return [(1, subject.side), (2, subject.side), (1, (3 * stride, 5 * stride)), (1, (5 * stride, 3 * stride))]


def _text(x):
    return " x ".join(map(str, x.shape))


@torch.no_grad()
def _problem(subject, model, side, batch):
    """Return what is wrong at one size, in one clause; empty where nothing is."""
    x = subject.images(side, batch)
    outputs, result, error = _observed(model, x)
    misshapen = _misshapen(subject, model, x, outputs)
    if error is not None:
        return told(model, error) + (f", after {misshapen}" if misshapen else "")
    wild = next((i for i, output in outputs.items() if not is_finite(output)), None)
    if wild is not None:
        return f"{layer_name(model, wild)} is the first whose output is not finite"
    return misshapen or _other_result(subject, x, result)


def _observed(model, x):
    """Run the model and return (outputs by layer index, what it returns, what it raises instead)."""
    outputs, hooks = {}, []

    def keep(index):
        return lambda layer, args, output: outputs.update({index: output})

    for index, layer in enumerate(model.model):
        hooks.append(layer.register_forward_hook(keep(index)))
    try:
        return outputs, model(x), None
    except Exception as error:  # whatever the model's code raises; another size may still run
        return outputs, None, error
    finally:
        for hook in hooks:
            hook.remove()


def _one_for_one(subject):
    """Tell whether the file replaces layers of a base one by one, so that all shapes are the base's."""
    return subject.found_base is not None and not subject.alignment.dropped and None not in subject.alignment.base_of


def _misshapen(subject, model, x, outputs):
    """Return, in one clause, the first replaced layer with another shape than the base's, or without its batch.

    A layer that asks for other channels than the one that it replaces is meant to differ.
    """
    for index in subject.replaced.keys() & outputs.keys():
        if any(tensor.shape[:1] != x.shape[:1] for tensor in tensors(outputs[index])):
            return f"{layer_name(model, index)} gives {shapes(outputs[index])} for a batch of {len(x)}"
    if not _one_for_one(subject):
        return ""
    expected, _, _ = _observed(subject.base, x)
    for index, base in subject.replaced.items():
        same_channels = subject.rows[index].args[:1] == subject.base_rows[base].args[:1]
        if same_channels and index in outputs and shapes(outputs[index]) != shapes(expected[base]):
            found, wanted = shapes(outputs[index]), shapes(expected[base])
            return f"{layer_name(model, index)} gives {found}, the layer that it replaces {wanted}"
    return ""


def _other_result(subject, x, result):
    """Return, in one clause, how the shapes of the final outputs differ from the base's; empty where they do not."""
    if not _one_for_one(subject):
        return ""
    found, wanted = shapes(result), shapes(subject.base(x))
    return f"the model gives {found}, the base {wanted}" if found != wanted else ""
