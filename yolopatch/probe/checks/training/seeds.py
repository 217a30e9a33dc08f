"""What does another seed change: the weights, the order of the images, their augmentation? Also with workers?"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from ...build.subject import Subject
from ...explain.raising import first_line
from ...measure.loaders import first_epoch
from ...protocol.findings import Finding, passed, warned
from ...tensors.models import UpstreamModel
from ...tensors.tensors import layer_name, seed_all, train_on_images
from ..evidence import sample
from ..rules import Rules
from ..wording import such

_SEEDS = (0, 1)  # the models of the subject are built with the first
_WORKERS = 2  # one would do; two is what upstream's own constant is meant for

RULES = Rules(needs_run=False, asks_base=False)


@dataclass(frozen=True)
class _Loaded:
    """What two seeds change in the loader: the order of the images, and what augmentation makes of each."""

    order: bool
    augmentation: bool

    def told(self) -> str:
        changed = [name for name, other in (("order", self.order), ("augmentation", self.augmentation)) if other]
        kept = [name for name in ("order", "augmentation") if name not in changed]
        return " and ".join([*(f"another {name}" for name in changed), *(f"the same {name}" for name in kept)])


def check(subject: Subject) -> Finding:
    """Build the model with two seeds, run it, and load eight images with each, with and without workers."""
    fixed, seeding = _same_weights(subject), _seed_in_forward(subject)
    loaded: dict[int, _Loaded] = {}
    error = ""
    try:
        for workers in (0, _WORKERS):
            loaded[workers] = _two_seeds(subject, workers)
    except Exception as raised:  # upstream's loader does not run with every version of its libraries
        error = f"{type(raised).__name__}: {first_line(raised)[:160]}"
    evidence: dict[str, Any] = {
        "seeds": list(_SEEDS),
        "layers_with_the_same_weights": sample(fixed, "layers"),
        "seed_in_forward": seeding,
        "loader": {f"{workers} workers": vars(one) for workers, one in loaded.items()},
        "loader_failed": error,
    }
    told = _told(loaded, error, can_patch=subject.upstream.style == "ultralytics")
    if not subject.upstream.takes_seed():
        told += "; but this release has no option for the seed: every training starts from the same one"
    if fixed:
        return warned(
            f"two seeds give {fixed[0]} the same weights, unlike the base's{such(len(fixed), 'layer')}; {told}",
            "look for torch.manual_seed or a seeded generator in a constructor: it also fixes what is built after it",
            **evidence,
        )
    if seeding:
        return warned(
            f"{seeding[0]} in its forward{such(len(seeding), 'layer')}: what is drawn after it is the same in every "
            f"step, whatever the seed; {told}",
            "take the seed out of forward; a layer that needs the same numbers each time keeps them in a buffer",
            **evidence,
        )
    if 0 in loaded and not loaded[0].augmentation:
        return warned(
            f"two seeds give the same augmentation even without workers; {told}",
            "look for a fixed seed in the workspace's own changes of the data set or of its augmentation",
            **evidence,
        )
    return passed(f"two seeds give other weights; {told}", **evidence)


def _told(loaded: dict[int, _Loaded], error: str, *, can_patch: bool) -> str:
    """Return what reaches the loader; `can_patch` is whether `apply --seeds` has a patch for this upstream."""
    told = [f"{'with' if workers else 'without'} workers {one.told()} of the images" for workers, one in loaded.items()]
    if error:
        told.append(f"upstream's loader was not tried with {0 if 0 not in loaded else _WORKERS} workers ({error})")
    workers = loaded.get(_WORKERS)
    if workers and not (workers.order or workers.augmentation):
        told.append(
            "this release seeds its workers with a constant, so `seed` does not reach them (in a workspace of "
            "`yolopatch apply --seeds` it does)"
            if can_patch
            else "this release seeds its workers with a constant, so the seed does not reach them"
        )
    return "; ".join(told)


def _two_seeds(subject: Subject, workers: int) -> _Loaded:
    one, other = (first_epoch(subject.upstream, subject.folder / "seeds", seed, workers) for seed in _SEEDS)
    return _Loaded(one.order != other.order, one.augmented != other.augmented)


def _same_weights(subject: Subject) -> list[str]:
    """Return the layers whose weights are the same for two seeds where those of the base's layer are not.

    Layers that replace others may be fixed filters; so only those count that are the base's.
    """
    if subject.found_base is None:
        return []
    own = _varying(subject.model, subject.build(subject.data, _SEEDS[1]))
    base = _varying(subject.required_base_model, subject.build(subject.base_data, _SEEDS[1]))
    return [
        layer_name(subject.model, index)
        for index, other in enumerate(subject.alignment.base_of)
        if other is not None and index not in subject.replaced and other in base and index not in own
    ]


def _seed_in_forward(subject: Subject) -> list[str]:
    """Return a clause for each layer after which a generator is in the same state, in whichever state it was before."""
    if not subject.runs:
        return []
    model = train_on_images(subject.fresh())
    one, other = (_states_after_layers(model, subject.images(batch=2), seed) for seed in _SEEDS)
    same = {index: {name for name in one[index] if one[index][name] == other[index][name]} for index in one}
    before: set[str] = set()
    found = []
    for index, names in same.items():
        found += [f"{layer_name(model, index)} sets the seed of {name}" for name in sorted(names - before)]
        before = names
    return found


@torch.no_grad()
def _states_after_layers(model: UpstreamModel, x: Tensor, seed: int) -> dict[int, dict[str, object]]:
    """Run the model after seeding; return by layer the state of each generator once the layer has run."""
    states: dict[int, dict[str, object]] = {}
    hooks = [
        layer.register_forward_hook(lambda *_, index=index: states.update({index: _states()}))
        for index, layer in enumerate(model.model)
    ]
    seed_all(seed)
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return states


def _states() -> dict[str, object]:
    import numpy

    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "Python's random": random.getstate(),
        "numpy": numpy.random.get_state(legacy=False)["state"]["key"].tobytes(),
    }


def _varying(one: UpstreamModel, other: UpstreamModel) -> set[int]:
    """Return the layers with a parameter that differs between two builds."""
    return {i for i, pair in enumerate(zip(one.model, other.model)) if _differ(*pair)}


def _differ(one: Module, other: Module) -> bool:
    return any(not torch.equal(a.cpu(), b) for a, b in zip(one.parameters(), other.parameters()))
