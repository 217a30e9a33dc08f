"""Move the values of tensors, so that nothing a model was built with hides what its tensors do."""

import torch

_SHARE = 0.5  # of a value: it moves by up to this much of itself, so that the signal stays of one size
_LEAST = 0.05  # added as well: zeros move too
_LARGEST = 1e4  # uninitialised memory may hold anything; what is beyond this would drown all that it meets


@torch.no_grad()
def perturb_(tensor, generator):
    """Move every value of a tensor, in place, and return the tensor.

    Floating-point values move by up to half of themselves and a little more; a tensor without a negative value
    keeps none (a variance stays one). Integers step round within their range, or up by one where there is
    none; booleans are flipped: random ones would not be indices, or counts, of anything.

    Args:
        tensor: any tensor; it may require a gradient.
        generator: a generator on the CPU.
    """
    if tensor.is_floating_point() or tensor.is_complex():
        return _moved_(tensor, generator)
    if tensor.dtype == torch.bool:
        return tensor.logical_not_()
    return tensor.copy_(_stepped(tensor, generator)) if tensor.numel() else tensor


def _stepped(tensor, generator):
    """Return integers moved by one step, round within their own range: an index stays one."""
    low, high = int(tensor.min()), int(tensor.max())
    if not 0 < high - low < _LARGEST:
        return tensor + 1
    step = int(torch.randint(1, high - low + 1, (), generator=generator))
    return (tensor - low + step) % (high - low + 1) + low


def _moved_(tensor, generator):
    share = torch.rand(tensor.shape, generator=generator) * 2 - 1
    least = torch.rand(tensor.shape, generator=generator) * 2 - 1
    share, least = (t.to(tensor.device, tensor.dtype) for t in (share, least))
    values = _tame(tensor)
    return tensor.copy_(values * (1 + _SHARE * share) + _LEAST * (least if _signed(tensor) else least.abs()))


@torch.no_grad()
def scramble_(tensor, generator):
    """Draw every value of a floating-point tensor anew, as large as the old ones, in place; return the tensor.

    A tensor without a negative value keeps none. Integers and booleans stay: they count, or say where.
    """
    if not tensor.is_floating_point():
        return tensor
    spread = _tame(tensor).float().pow(2).mean().sqrt() + _LEAST if tensor.numel() else 0.0
    drawn = torch.randn(tensor.shape, generator=generator).to(tensor.device) * spread
    return tensor.copy_(drawn if _signed(tensor) else drawn.abs() + _LEAST)


def _tame(tensor):
    values = torch.nan_to_num(tensor.detach())
    return values if values.is_complex() else values.clamp(-_LARGEST, _LARGEST)


def _signed(tensor):
    """Tell whether a tensor may be negative; one of zeros may be a variance that vanished."""
    return tensor.is_complex() or bool((tensor < 0).any())


def perturb_parameters(model, seed=0):
    """Move every parameter of a model, in place, and return the model; its buffers stay."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        perturb_(parameter, generator)
    return model
