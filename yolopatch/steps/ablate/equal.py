"""Whether the runs of a grid differ in what the grid says, and in nothing else: checked on what upstream wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from yolopatch.core.ablate.record import MeasuredModel
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.text import sha256
from yolopatch.core.training.run import Run
from yolopatch.steps.training.results import settings_stamp, settings_text

# what one run has and another has not, by the grid; `resume` and the like are of a run that was killed
_OF_A_RUN = re.compile(
    r"^(model|cfg|weights|pretrained|seed|project|name|save_dir|resume|exist_ok): .*(\n[ -].*)*\n?", re.MULTILINE
)

# the choice that is upstream's, and the one of its optimizers that multiplies rates, by the names of parameters
_CHOSEN, _MULTIPLIES = "auto", "musgd"


def find_differences(runs: Mapping[str, Run]) -> tuple[str, ...]:
    """Return what the trained runs differ in beside arm, scale and seed, in words; empty where it is nothing.

    Args:
        runs: the records of runs, by their ids.
    """
    trained = {name: run for name, run in runs.items() if run.trained}
    resumed = {name: run for name, run in trained.items() if any(attempt.resumed for attempt in run.attempts)}
    # upstream writes the arguments of a resumed run anew, with what it has changed itself since the run began
    whole = {name: run for name, run in trained.items() if name not in resumed}
    found = [*_differing("upstream's argument", _alike(whole, _settings_of), lambda name: _settings(whole[name]))]
    # by the object: runs share equal ones
    environments = _alike(trained, lambda run: str(id(run.attempts[-1].environment)))
    found += _differing("the environment's", environments, lambda name: _environment(trained[name]))
    if resumed:
        found.append(
            f"resumed: {_some(list(resumed))}: went on from a checkpoint after a break, with other batches than a run "
            "without one"
        )
    return tuple(found)


def with_settings(run: Run) -> Run:
    """Return the record of a trained run with what its settings have in common with those of runs that are alike."""
    stamp = settings_stamp(str(run.save_dir))  # before the text: what changes in between is read again
    try:
        return replace(run, settings={"alike": sha256(_settings_text(run).encode()), "stamp": stamp})
    except OSError:
        return run  # whoever compares the runs reads the file, and says what is wrong with it


def _alike(runs: Mapping[str, Run], text: Callable[[Run], str]) -> dict[str, list[str]]:
    """Return the runs with the same text: thousands of runs have a few."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, run in runs.items():
        found[text(run)].append(name)
    return found


def _settings_text(run: Run) -> str:
    """Return the settings that upstream wrote, without the lines that each run has for itself."""
    text = settings_text(str(run.save_dir))
    return "settings: upstream wrote none" if text is None else _OF_A_RUN.sub("", text)


def _settings_of(run: Run) -> str:
    """Return a text that runs with the same settings have in common: that of the record, where the file is the same."""
    kept, stamp = run.settings.get("alike"), settings_stamp(str(run.save_dir))
    if isinstance(kept, str) and run.settings.get("stamp") == stamp:
        return kept
    return sha256(_settings_text(run).encode())


def _settings(run: Run) -> Mapping[str, object]:
    try:
        content = load_plain(_settings_text(run))
    except PlainYamlError:
        content = None
    return content if isinstance(content, dict) else {"settings": "cannot be read"}


def _environment(run: Run) -> Mapping[str, object]:
    known = run.attempts[-1].environment
    packages = known.get("packages")
    return {"python": known.get("python"), "yolopatch": known.get("yolopatch"), **(packages or {})}


def _differing(what: str, alike: Mapping[str, list[str]], read: Callable[[str], Mapping[str, object]]) -> Iterator[str]:
    """Yield each key whose values are not the same in all texts, with the runs that have each value.

    Args:
        what: whose keys they are, in words.
        alike: the runs with each text.
        read: returns the keys and values of a run.
    """
    if len(alike) < 2:
        return
    texts = {text: read(names[0]) for text, names in alike.items()}
    for key in dict.fromkeys(key for found in texts.values() for key in found):
        by_value: dict[str, list[str]] = defaultdict(list)
        for text, names in alike.items():
            by_value[repr(texts[text].get(key, "not there"))] += names
        if len(by_value) > 1:
            values = "; ".join(f"{value} in {_some(names)}" for value, names in by_value.items())
            yield f"the runs differ in {what} {key}: {values}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")


def rate_differences(models: Mapping[str, MeasuredModel], train: Mapping[str, object]) -> tuple[str, ...]:
    """Return for each scale in words how the learning rates of its arms differ; empty where they are the same.

    Args:
        models: the measured models, as `GridRecord.models`.
        train: the arguments of the grid's trainings.
    """
    optimizer = str(train.get("optimizer", _CHOSEN)).lower()
    if optimizer not in (_CHOSEN, _MULTIPLIES):
        return ()
    scales: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, model in models.items():
        arm, _, scale = key.rpartition("/")
        scales[scale][_words(model.rates)].append(arm)
    differing = {scale: _arms(arms) for scale, arms in scales.items() if len(arms) > 1}
    return tuple(_difference(scale, said, optimizer == _CHOSEN) for scale, said in differing.items())


def _words(rates: Mapping[str, str]) -> str:
    """Return what is multiplied, the same text for arms that are trained alike."""
    return " and ".join(f"parameters of {layers} by {number}" for number, layers in sorted(rates.items())) or "nothing"


def _arms(arms: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{', '.join(names)}: {what}" for what, names in arms.items())


def _difference(scale: str, said: str, chosen: bool) -> str:
    """Return how the arms differ; what upstream chooses for a long training multiplies nothing."""
    if chosen:
        return (
            f"at {scale}, the optimizer that upstream chooses for a short training does not multiply the same learning "
            f"rates in all arms ({said}). It knows parameters by their names and the number of their layer: write "
            'optimizer = "SGD" into [train] to train all arms alike'
        )
    return (
        f"at {scale}, the optimizer of [train] does not multiply the same learning rates in all arms ({said}). It "
        'knows parameters by their names and the number of their layer: write optimizer = "SGD" to train all arms alike'
    )
