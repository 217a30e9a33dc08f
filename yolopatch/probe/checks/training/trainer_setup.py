"""Does upstream's trainer train what the model wants to be trained?"""

from __future__ import annotations

from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.tensors import layer_name
from ..evidence import sample
from ..rules import Rules
from ..wording import plural

RULES = Rules(needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Warn where the trainer trains parameters that the module froze, or freezes parameters that it trains.

    Fail where its optimizer does not get a parameter that is to be trained: it keeps its first value.
    Upstream's trainer decides by itself: it sets `requires_grad` on what it does not know, and takes it from every
    parameter with `.dfl` in its name. What it does to layers of upstream's own is upstream's matter.
    """
    model = subject.fresh().train()
    before = {name: p.requires_grad for name, p in model.named_parameters()}
    try:
        subject.upstream.set_up_training(model)
        optimised = subject.upstream.optimised(model)
    except Exception as error:  # upstream's own code, which other releases write in other ways
        return skipped(f"upstream's trainer could not set this model up: {type(error).__name__}: {error}")
    after = {name: p.requires_grad for name, p in model.named_parameters()}
    changed = [name for name in before if before[name] != after[name] and _is_replaced(subject, name)]
    unfrozen = [name for name in changed if after[name]]
    frozen = [name for name in changed if not after[name]]
    left_out = [
        name
        for name, p in model.named_parameters()
        if optimised is not None and p.requires_grad and id(p) not in optimised and _is_replaced(subject, name)
    ]
    evidence = {
        "trained_though_frozen": sample(unfrozen, "names"),
        "frozen_though_trained": sample(frozen, "names"),
        "not_optimised": sample(left_out, "names"),
    }
    if left_out:
        return failed(
            f"upstream's train.py does not give {plural(len(left_out), 'parameter')} of the replaced layers to its "
            f"optimizer, first {left_out[0]} in {_layer(subject, left_out[0])}: they keep their first values",
            "its optimizer gets only parameters that are called `weight` or `bias`: give them these names, each in a "
            "module of its own, or add them to one of the lists that train.py makes for the optimizer",
            **evidence,
        )
    if unfrozen:
        return warned(
            f"upstream's trainer sets requires_grad on every parameter: {plural(len(unfrozen), 'parameter')} that the "
            f"module freezes will be trained, first {unfrozen[0]} in {_layer(subject, unfrozen[0])}",
            "keep values that must not change with register_buffer instead of a frozen nn.Parameter",
            **evidence,
        )
    if frozen:
        return warned(
            f"upstream's trainer freezes {plural(len(frozen), 'parameter')} of the replaced layers, first {frozen[0]} "
            f"in {_layer(subject, frozen[0])}: they will not be trained",
            "rename the attribute: upstream freezes every parameter with .dfl in its name",
            **evidence,
        )
    fixed = sum(not trained for trained in after.values())
    return passed(
        f"upstream's trainer trains {len(after) - fixed} tensors and leaves {fixed} frozen, as built", **evidence
    )


def _is_replaced(subject: Subject, name: str) -> bool:
    return subject.found_base is None or int(name.split(".")[1]) in subject.replaced


def _layer(subject: Subject, name: str) -> str:
    return layer_name(subject.model, int(name.split(".")[1]))
