"""The head of each module's page: what the catalog, the matrix and the measured figures say of it, in both languages.

What is below the head is written by hand, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader

from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.reproduce.figures import BASE, recorded
from yolopatch.core.model.cfg_text import file_name
from yolopatch.core.model.layout import layer_numbers
from yolopatch.core.templates import template_environment
from yolopatch.errors import YolopatchError
from yolopatch.maintain.pages.verdicts import Verdict, verdict, verified
from yolopatch.steps.model.listing import list_modules
from yolopatch.steps.model.render_request import RenderRequest, plan

# a page and its Chinese twin
SUFFIXES = (".md", ".zh.md")
# the pin of the commands where no tutorial chooses one
_PIN = "ultralytics-8.3.0"
_BEGIN, _END = "<!-- The head: `make module-pages` writes it. -->", "<!-- The end of the head. -->"
_HEAD = re.compile(rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n\n?", re.DOTALL)
_ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
_DOI = re.compile(r"doi (10\.\S+[^\s,.)])")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Paper:
    """A paper: how it is cited, its year, and where it is to be read ("" if the citation does not say)."""

    citation: str
    year: str
    link: str


@dataclass(frozen=True)
class Size:
    """A measured model: flavor (or `base`), scale, parameters, and GFLOPs as torch's FlopCounterMode counts them."""

    flavor: str
    scale: str
    parameters: int
    gflops: float


@dataclass(frozen=True)
class Calls:
    """The three commands from nothing to a verdict: what they name."""

    pin: str
    model: str
    cfg: str
    layers: tuple[int, ...]


def write_module_pages(docs: Path) -> int:
    """Write the head of every module's page, and return how many pages have changed.

    Raises:
        YolopatchError: a module has no page; the hint says what to write.
    """
    changed = 0
    for page, text in headed_pages(docs):
        if page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            changed += 1
    return changed


def headed_pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Yield each page of a module, in each language, with the text that it should have.

    Raises:
        YolopatchError: a module has no page.
    """
    matrix = (docs / "measured" / "verified.md").read_text(encoding="utf-8")
    for name, modules in _by_page().items():
        for suffix in SUFFIXES:
            page = docs / "modules" / f"{name}{suffix}"
            if not page.is_file():
                raise YolopatchError(
                    f"{page}: {modules[0].name} has no page",
                    details=["expected: a title, and below it what the paper says and where circulating code differs"],
                    hint="write it, then: make module-pages",
                )
            head = _head(modules, docs / "templates" / f"module-head{suffix}.j2", matrix)
            yield page, _with_head(page.read_text(encoding="utf-8"), head)


def _by_page() -> dict[str, list[Module]]:
    """Return the modules by the name of their page, which is that of their source."""
    found: dict[str, list[Module]] = {}
    for module in MODULES.values():
        if module.home is None:
            found.setdefault(module.source.replace("_", "-"), []).append(module)
    return found


def _with_head(text: str, head: str) -> str:
    title, _, rest = _HEAD.sub("", text).partition("\n")
    return f"{title}\n\n{_BEGIN}\n{head.strip()}\n\n{_END}\n\n{rest.lstrip()}"


def _head(modules: Sequence[Module], template: Path, matrix: str) -> str:
    first = modules[0]
    pins = {row.name: row.pins for row in list_modules()}
    environment = template_environment(FileSystemLoader(template.parent))
    return environment.get_template(template.name).render(
        modules=modules,
        module=first,
        kind=first.role,
        paper=paper(first.paper),
        pins=list(pins[first.name]),
        everywhere=len(pins[first.name]) == len(PINS),
        calls=_calls(first),
        sizes=list(_sizes(first)),
        verdicts=_verdicts(matrix, first.name),
    )


def _verdicts(matrix: str, module: str) -> Mapping[str, Verdict]:
    """Return the verdicts of a module by flavor, of those flavors that the page of the matrix has."""
    models = [model for model in verified(matrix) if model.module == module]
    flavors = dict.fromkeys(model.flavor for model in models)
    return {flavor: verdict(model for model in models if model.flavor == flavor) for flavor in flavors}


def paper(text: str) -> Paper:
    """Return a paper from its citation in the catalog: the year is the conference's, else that of the preprint."""
    arxiv, doi = _ARXIV.search(text), _DOI.search(text)
    link = f"https://arxiv.org/abs/{arxiv[1]}" if arxiv else f"https://doi.org/{doi[1]}" if doi else ""
    citation = text[: (arxiv or doi).start()].rstrip(", ") if arxiv or doi else text  # type: ignore[union-attr]
    year = _YEAR.search(citation)
    return Paper(citation, year[0] if year else f"20{arxiv[1][:2]}" if arxiv else "", link)


def _calls(module: Module) -> Calls:
    pin = module.tutorial.pin if module.tutorial else _PIN
    model = module.tutorial.model if module.tutorial else PINS[pin].model
    placed = (module.name,) if module.has_layers else ()
    (cfg,) = plan(RenderRequest(placed, model, scales="n"))
    layers = (layer_numbers(cfg.model, cfg.replacements, one) for one in cfg.replacements)
    numbers = sorted(number for one in layers for number in (*one.replaced, *one.inserted))
    return Calls(pin, model, file_name(cfg), tuple(numbers))


def _sizes(module: Module) -> Iterator[Size]:
    """Yield the figures of the module's models and of their base, where they were measured: layers, parameters, ..."""
    if module.tutorial is None:
        return
    for flavor in (BASE, *FLAVORS):
        for scale, (_, parameters, _, _, gflops) in recorded(module.tutorial.id, flavor).items():
            yield Size(flavor, scale, parameters, gflops)
