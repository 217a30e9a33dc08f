"""The site in a real browser, opened as files: without a server and without a network."""

from __future__ import annotations

import re

import click
import pytest

from yolopatch.cli.group import cli

pytestmark = pytest.mark.slow  # the site is built, and every page of it is opened

PHONE = 390
# what would be fetched from another host
_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*\bhref=\"(?:https?:)?//")
_FETCHED_BY_STYLE = re.compile(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//")
_RESULTS = "[...document.querySelectorAll('.md-search-result__item h1')].map(found => found.closest('a').pathname)"
_SHOWN = "getComputedStyle(document.querySelector('{}')).display !== 'none'"
# the least of WCAG's contrasts of a page, and its text; colours may let through what is behind them
_CONTRAST = """(() => {
  const parts = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (colour, below) => colour.rgb.map((part, i) => part * colour.a + below[i] * (1 - colour.a));
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const own = parts(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, behind(element.parentElement));
  };
  const bright = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (element) => {
    const below = behind(element);
    const colours = [over(parts(getComputedStyle(element).color), below), below];
    const [light, dark] = colours.map(bright).sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  return [...document.querySelectorAll('.md-typeset :is(h1, h2, p, li, td, a, dt, pre code)')]
    .filter((element) => element.innerText && !element.matches('.headerlink'))
    .map((element) => [contrast(element), element.innerText.slice(0, 40)])
    .sort((a, b) => a[0] - b[0])[0];
})()"""


@pytest.fixture
def look_for(page, site):
    """Search for a text on a page, as a reader does, and return the paths of the pages that are found."""

    def call(text: str, start: str = "index.html") -> list[str]:
        page.open((site / start).as_uri())
        page.run("document.querySelector('.md-search__input').focus()")
        page.type(text)
        page.press("End")
        found = page.wait(f"(() => {{ const found = {_RESULTS}; return found.length ? found : null }})()")
        return [path.removeprefix(f"{site}/") for path in found]

    return call


def test_a_search_finds_a_module_without_a_network(look_for):
    found = look_for("DSConv")
    assert found[0] == "modules/dsconv.html"
    assert [path for path in found if path.startswith("zh/")] == []


def test_a_search_in_chinese_finds_chinese_pages(look_for):
    found = look_for("注意力", "zh/index.html")
    assert "zh/modules/gam.html" in found
    assert [path for path in found if not path.startswith("zh/")] == []
    assert "zh/modules/rcsosa.html" in look_for("重参数化", "zh/index.html")
    # words without a space between them are found one by one
    assert "zh/modules/akconv.html" in look_for("采样点偏移", "zh/modules/gam.html")


@pytest.mark.parametrize("name", ["index", "modules/refconv", "reference/cli/apply"])
def test_the_other_language_is_the_same_page(page, site, name):
    page.open((site / f"{name}.html").as_uri())
    for language, there in (("zh", f"zh/{name}.html"), ("en", f"{name}.html")):
        page.run(f"document.querySelector('.md-select__link[hreflang={language}]').click()")
        page.wait(f"location.pathname === '{site}/{there}' && document.readyState === 'complete'")
        assert page.run("document.documentElement.lang") == language


def test_no_page_scrolls_sideways_on_a_phone(page, site):
    page.resize(PHONE)
    wide = {}
    for file in sorted(site.glob("**/*.html")):
        page.open(file.as_uri())
        width = page.run("document.documentElement.scrollWidth")
        if width > PHONE:
            wide[file.relative_to(site).as_posix()] = width
    page.resize(1280)
    assert wide == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["modules/refconv", "zh/defects", "reference/cli/ablate", "measured/verified"])
def test_texts_stand_out_in_light_and_in_dark(page, site, name, scheme):
    page.emulate(scheme=scheme)
    page.open((site / f"{name}.html").as_uri())
    expected = {"light": "default", "dark": "slate"}[scheme]
    page.wait(f"document.body.dataset.mdColorScheme === '{expected}'")
    contrast, text = page.run(_CONTRAST)
    page.emulate()
    assert contrast >= 4.5, text


def test_paper_has_no_navigation(page, site):
    page.emulate(media="print")
    page.open((site / "modules/refconv.html").as_uri())
    shown = [part for part in (".md-header", ".md-tabs", ".md-sidebar", ".md-footer") if page.run(_SHOWN.format(part))]
    text = page.run("document.querySelector('.md-content').innerText")
    page.emulate()
    assert shown == []
    assert "arXiv 2310.10563" in text


def test_nothing_is_fetched_from_another_host(site):
    pages = [file for file in site.glob("**/*.html") if _FETCHED.search(file.read_text(encoding="utf-8"))]
    styles = [file for file in site.glob("**/*.css") if _FETCHED_BY_STYLE.search(file.read_text(encoding="utf-8"))]
    assert pages + styles == []


def test_every_command_has_a_page_in_both_languages(site):
    for folder in (site, site / "zh"):
        listed = (folder / "reference" / "index.html").read_text(encoding="utf-8")
        for name in cli.list_commands(click.Context(cli)):
            assert f'href="cli/{name}' in listed, name
