"""The switches of a page in a real browser: language, theme, print; and the page where no script runs."""

from __future__ import annotations

import pytest

from yolopatch.core.page.languages import PageLanguage

from .samples import PAGES, ablate, verify

WORDS = {"Every seed": "每个种子", "The table": "表格", "Runs": "运行", "The runs": "运行", "done": "完成"}

# what a reader sees and hears, without the button that names the other language
_SHOWN = """
  const shown = () => {
    const copy = page.documentElement.cloneNode(true);
    for (const one of copy.querySelectorAll("#language, script, style")) one.remove();
    return copy.outerHTML;
  };
"""
_TWICE = (
    _SHOWN
    + """
  const button = page.getElementById("language"), found = [];
  for (let number = 0; number < 3; number += 1) {
    found.push({ html: shown(), lang: page.documentElement.lang, button: button.textContent, hidden: button.hidden });
    button.click();
  }
  return found;
"""
)


def _translate(text):
    return WORDS.get(text, text)


def _marked(text):
    """Stand in for a language that has a word for everything, and only one for some."""
    return "完成" if text in ("passed", "done", "Print") else f"译{text}"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("shown", ["en", "zh"])
def test_every_text_goes_to_the_other_language_and_back(name, shown, look):
    here, other, back = look(PAGES[name](PageLanguage(shown, _marked)), _TWICE)
    assert here["html"] == back["html"]
    other_page = PAGES[name](PageLanguage("zh" if shown == "en" else "en", _marked))
    assert other["html"] == look(other_page, _TWICE)[0]["html"]
    assert [one["lang"] for one in (here, other)] == (["en", "zh-Hans"] if shown == "en" else ["zh-Hans", "en"])
    assert {here["button"], other["button"]} == {"English", "中文"}


def test_only_what_has_a_translation_changes(look):
    english, chinese, _ = look(ablate(PageLanguage("en", _translate)), _TWICE)
    assert english["html"].count("The runs") == 3  # its head, its table, and the copies of it
    assert "The runs" not in chinese["html"]
    assert "Size and speed" in chinese["html"]
    assert chinese["html"].count("运行") == 6


def test_a_page_without_translations_has_no_switch(look):
    script = "return page.getElementById('language').hidden"
    assert look(ablate(PageLanguage("en", str)), script) is True


def test_the_theme_is_switched_and_kept(look):
    script = """
      const colours = [], theme = page.getElementById("theme");
      for (const name of ["light", "dark", "system"]) {
        theme.value = name;
        theme.dispatchEvent(new view.Event("change"));
        const body = view.getComputedStyle(page.body);
        colours.push([body.backgroundColor, body.color, view.localStorage.getItem("yolopatch-theme")]);
      }
      return colours;
    """
    light, dark, system = look(verify(), script)
    assert light == ["rgb(255, 255, 255)", "rgb(27, 31, 36)", "light"]
    assert dark == ["rgb(20, 23, 27)", "rgb(230, 233, 237)", "dark"]
    assert system == [*light[:2], "system"], "the browser's own is light"


def test_print_prints(look):
    script = """
      let printed = 0;
      view.print = () => { printed += 1; };
      page.getElementById("print").click();
      return printed;
    """
    assert look(verify(), script) == 1


def test_where_no_script_runs_the_page_is_whole_and_has_no_dead_button(look):
    script = "return [all('button, select').filter((one) => one.offsetParent).length, page.body.innerText]"
    count, text = look(verify(), script, runs=False)
    assert count == 0
    assert "gradient-flow" in text
    assert look(verify(), script)[0] > 3


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 390, 800])
def test_nothing_is_wider_than_the_page(name, width, look):
    script = """
      for (const one of all("details")) one.open = true;
      const silent = ".hidden, svg, thead, .word, [hidden]";
      return all("body *").filter((one) => one.checkVisibility() && !one.closest(silent))
        .map((one) => [one.getBoundingClientRect(), one]).filter(([box]) => box.right > view.innerWidth + 1)
        .map(([box, one]) => `${one.tagName}.${one.className} ${box.right}`)
        .concat(page.documentElement.scrollWidth > view.innerWidth ? ["the page scrolls"] : []);
    """
    assert look(PAGES[name](), script, width=width) == []
