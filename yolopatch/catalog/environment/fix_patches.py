"""The patches of a pin that replace lines of it: each is a commit of its own below the modules', on request only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yolopatch.catalog.environment.compat import COMPAT_FIXES
from yolopatch.catalog.environment.fixes import Fix
from yolopatch.catalog.environment.seeds import SEED_FIXES
from yolopatch.catalog.pins import Pin


@dataclass(frozen=True, eq=False)
class FixPatch:
    """A patch that is made of fixes.

    Attributes:
        name: of its option, of its key in JSON and in stamps, of its file, and (capitalised) of its trailer.
        title: what it is called, without an article.
        short: what it is, in the help texts of options.
        adds: what adding it does, in the help texts of options.
        effect: what it does to a workspace that has it.
        subject, body: of its commit.
        fixes: by the pin's name.
        needless: why a pin of yolopatch's own without fixes needs none.
        unknown: where nothing is known of the user's own pins, the reason and the remedy; None where they need none.
    """

    name: str
    title: str
    short: str
    adds: str
    effect: str
    subject: str
    body: str
    fixes: Mapping[str, tuple[Fix, ...]]
    needless: str
    unknown: tuple[str, str] | None = None

    @property
    def what(self) -> str:
        """What it is, in a sentence."""
        return f"the {self.title}"

    @property
    def option(self) -> str:
        """The option that asks for it."""
        return f"--{self.name}"

    @property
    def trailer(self) -> str:
        """The name of the trailer of its commit that has the sum of its text."""
        return self.name.capitalize()

    def fixes_of(self, pin: Pin) -> tuple[Fix, ...]:
        """Return the fixes of a pin; for a pin of the user none are known."""
        return self.fixes.get(pin.name, ())


COMPAT = FixPatch(
    name="compat",
    title="compatibility patch",
    short="the fixes for newer libraries",
    adds="Fix what newer libraries break. Results stay the same.",
    effect="fixed for newer libraries",
    subject="Run on newer libraries",
    body="Mends what they break, for old and new ones alike. What is computed stays the same.",
    fixes=COMPAT_FIXES,
    needless="it runs with the newest libraries without changes",
)

SEEDS = FixPatch(
    name="seeds",
    title="seed patch",
    short="the patch for the workers' seed",
    adds="Let the seed reach the processes that load images. Results change.",
    effect="the seed reaches the workers that load images",
    subject="Let the seed reach the workers",
    body="Images are loaded in another order and augmented in another way for another seed, as with newer releases.",
    fixes=SEED_FIXES,
    needless="it seeds its loader as the run, and has no option for the seed: every run starts from the same one",
    unknown=(
        "the line that seeds the workers is known of yolopatch's own pins only",
        "leave --seeds out; ultralytics 8.4.125 and newer need no such patch",
    ),
)

FIX_PATCHES = (COMPAT, SEEDS)  # in the order of their commits


def in_order(given: Collection[FixPatch]) -> tuple[FixPatch, ...]:
    """Return these patches in the order of their commits."""
    return tuple(patch for patch in FIX_PATCHES if patch in given)


def chosen(**asked: bool) -> tuple[FixPatch, ...]:
    """Return the patches that are asked for, each by its name, in the order of their commits."""
    return tuple(patch for patch in FIX_PATCHES if asked[patch.name])


def flags(given: Collection[FixPatch]) -> dict[str, bool]:
    """Return a key for each patch, as JSON has it, true where it is among these."""
    return {patch.name: patch in given for patch in FIX_PATCHES}


def options_of(given: Collection[FixPatch]) -> list[str]:
    """Return the options that ask for these patches."""
    return [patch.option for patch in in_order(given)]
