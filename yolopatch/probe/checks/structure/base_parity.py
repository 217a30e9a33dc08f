"""Upstream's own YAML builds in the workspace exactly what it builds in the unchanged upstream."""

import re

from ...build.bases import read_yaml
from ...build.reference import describe, read_reference, reference_data, start_reference
from ...protocol.findings import failed, passed, skipped, warned
from ...tensors.tensors import distance
from ...thresholds import SAME_FUNCTION
from ..rules import Rules

_MOST = 20  # entries of a list in the evidence


def begin(subject):
    """Start building the base in the unchanged upstream, beside the other checks; keep the process on the subject.

    Raises nothing for a file that cannot be read: `build` reports it.
    """
    subject.reference, subject.reference_error = None, "no base was found"
    try:
        if subject.request.pristine and subject.found_base is not None:
            subject.reference = start_reference(subject)
    except Exception as error:  # whatever a broken file makes the search for its base raise
        subject.reference_error = f"the file cannot be read as a model (see build): {type(error).__name__}"


RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject):
    """Compare names, shapes and values of all tensors, the parameters and the outputs, at one seed."""
    why = _why_not(subject)
    if why:
        return skipped(*why)
    try:
        expected = read_reference(subject, subject.reference)
    except RuntimeError as error:
        return skipped(f"the unchanged upstream did not build the base: {error}", "try again, on a machine at rest")
    name = subject.found_base.file.name
    try:
        found = describe(subject.upstream, reference_data(subject))
    except Exception as error:  # whatever the patched upstream's code raises
        return failed(
            f"{name} builds in the unchanged upstream, and not in the workspace: {type(error).__name__}: {error}",
            "a module's change to upstream's files breaks upstream's own models: apply the modules again",
        )
    return _compared(name, found, expected, _published(subject))


def _why_not(subject):
    """Return why there is nothing to compare, and a hint; nothing where there is."""
    if not subject.request.pristine:
        return "there is no unchanged upstream to compare with", "verify a workspace that yolopatch made"
    if subject.reference is None:
        return subject.reference_error, "name upstream's own file that this one was made from with --base"
    return None


def _compared(name, found, expected, published):
    own, other = found["tensors"], expected["tensors"]
    gap = distance(found["outputs"], expected["outputs"])
    evidence = {
        "base": name,
        "parameters": found["parameters"],
        "pristine_parameters": expected["parameters"],
        "published_parameters": published,
        "tensors": len(other),
        "missing": _some(other.keys() - own.keys()),
        "extra": _some(own.keys() - other.keys()),
        "changed": _some(key for key in own.keys() & other.keys() if own[key] != other[key]),
        "output_distance": gap,
    }
    counts = {kind: evidence[kind]["count"] for kind in ("missing", "extra", "changed")}
    differs = [f"{count} {kind}" for kind, count in counts.items() if count]
    differs = [f"{', '.join(differs)} tensors"] if differs else []
    if evidence["parameters"] != evidence["pristine_parameters"]:
        differs.append(f"{evidence['parameters']:,} parameters against {evidence['pristine_parameters']:,}")
    if gap > SAME_FUNCTION:
        differs.append(f"outputs {gap:.1g} apart")
    if differs:
        return failed(
            f"{name} builds another model here than in the unchanged upstream: {'; '.join(differs)}",
            "the workspace changes upstream's own models: undo what was edited there, and apply the modules again",
            **evidence,
        )
    if published not in (None, evidence["parameters"]):
        return warned(
            f"{name} builds {evidence['parameters']:,} parameters here, and says of itself that it has {published:,}: "
            "this release of upstream builds another network than the one that was published under that name, or the "
            "file's comment is another model's",
            "compare with published results only after finding out which, or verify in a release where both agree",
            **evidence,
        )
    return passed(
        f"{name} has the same {len(other)} tensors, {evidence['parameters']:,} parameters and outputs here and in the "
        "unchanged upstream",
        **evidence,
    )


def _published(subject):
    """Return the number of parameters that the base's file states for this scale in its scales table, or None."""
    file, data = subject.found_base.file, subject.base_data
    if data.get("nc") != read_yaml(file).get("nc"):
        return None  # the figures are for the file's own number of classes
    row = re.compile(rf"^\s+{subject.scale}: *\[.*#.*?([\d,]+) parameters", re.MULTILINE)
    stated = row.search(file.read_text(encoding="utf-8", errors="ignore"))
    return int(stated.group(1).replace(",", "")) if stated else None


def _some(names):
    names = sorted(names)
    return {"count": len(names), "names": names[:_MOST]}
