"""How far a model's outputs lie from its base's."""

from ..tensors.tensors import head_inputs, tensors

_BITS = (2, 3, 4, 8)


def relative_error(found, expected):
    """Return the largest norm of a difference beside the norm of what is expected, over the tensors of two results."""
    pairs = zip(tensors(found), tensors(expected))
    return max(float((a - b).norm() / b.norm().clamp_min(1e-12)) for a, b in pairs)


def measure(model, base, images):
    """Return how far the model's outputs lie from the base's on images.

    Returns:
        `of`: what was compared: `outputs` of the head before upstream sorts and cuts them, or, where the heads differ,
        the `head inputs`; `error`: the relative error, None where these differ in shape, too; for a model with layers
        that quantise, `own_bits` and `bits`: the error by the number of bits.
    """
    of, view, found, expected = _comparable(model, base, images)
    if view is None:
        return {"of": of, "error": None}
    measured = {"of": of, "error": relative_error(found, expected)}
    quantised = [module for module in model.modules() if hasattr(module, "bits") and hasattr(module, "quantize")]
    if quantised:
        own = [module.bits for module in quantised]
        measured["own_bits"] = sorted(set(own))
        measured["bits"] = {
            bits: relative_error(_at(quantised, [bits] * len(own), view, model, images), expected) for bits in _BITS
        }
        _set_bits(quantised, own)
    return measured


def _comparable(model, base, images):
    """Return what can be compared, how it is had, and what both models give; no way and nothing where none can."""
    for of, view in (("outputs", raw_outputs), ("head inputs", head_inputs)):
        found, expected = view(model, images), view(base, images)
        if [t.shape for t in found] == [t.shape for t in expected]:
            return of, view, found, expected
    return "nothing", None, [], []


def raw_outputs(model, images):
    """Return what the head says before upstream sorts and cuts it."""
    head = model.model[-1]
    head.training = True
    try:
        return list(tensors(model(images)))
    finally:
        head.training = False


def _at(modules, bits, view, model, images):
    _set_bits(modules, bits)
    return view(model, images)


def _set_bits(modules, bits):
    for module, number in zip(modules, bits):
        module.bits = number
