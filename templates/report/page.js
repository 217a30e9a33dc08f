"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  /* The theme: dark colours are a sheet of their own, whose medium the switch changes. */
  const THEMES = {
    system: ["screen and (prefers-color-scheme: dark)", "light dark"],
    light: ["not all", "light"],
    dark: ["screen", "dark"],
  };
  const KEPT = "yolopatch-theme";

  function showTheme(name) {
    const [medium, scheme] = THEMES[name];
    byId("dark").media = medium;
    document.querySelector("meta[name=color-scheme]").content = scheme;
  }

  function keptTheme() {
    try {
      const name = localStorage.getItem(KEPT);
      return Object.hasOwn(THEMES, name) ? name : "system";
    } catch { // a browser may refuse to keep anything: then each page starts with the system's theme
      return "system";
    }
  }

  function keepTheme(name) {
    try {
      localStorage.setItem(KEPT, name);
    } catch { // as above
      return;
    }
  }

  /* The language: texts are found as `core/page/texts.py` finds them, in the same order. */
  const ATTRIBUTES = ["aria-label", "title", "alt", "placeholder", "data-name"];
  const UNTOUCHED = "code, pre, script, style, [translate=no]";
  const SPACES = /[ \t\n\r\f]+/g;
  const clean = (text) => text.replace(SPACES, " ").replace(/^ | $/g, "");

  /* A place of a text: how to read it, and how to write another there. */
  function textPlace(node) {
    return {
      text: clean(node.data),
      write: (words) => {
        const [, before, after] = /^([ \t\n\r\f]*)[^]*?([ \t\n\r\f]*)$/.exec(node.data);
        node.data = before + words + after;
      },
    };
  }

  function attributePlace(element, name) {
    return { text: clean(element.getAttribute(name)), write: (words) => element.setAttribute(name, words) };
  }

  function sentencePlace(element) {
    const parts = [...element.childNodes];
    return {
      text: clean(parts.map((part) => (part.nodeName === "CODE" ? `\`${part.textContent}\`` : part.data)).join("")),
      write: (words) => element.replaceChildren(...words.split(/(`[^`]*`)/).map(codeOrWords)),
    };
  }

  function codeOrWords(part) {
    if (!/^`.*`$/s.test(part)) return part;
    const code = document.createElement("code");
    code.textContent = part.slice(1, -1);
    return code;
  }

  function* placesOf(element) {
    if (element.matches(UNTOUCHED)) return;
    for (const { name } of [...element.attributes]) if (ATTRIBUTES.includes(name)) yield attributePlace(element, name);
    if ("sentence" in element.dataset) {
      yield sentencePlace(element);
      return;
    }
    for (const child of [...element.childNodes]) {
      if (child.nodeType === Node.TEXT_NODE) yield textPlace(child);
      else if (child.nodeType === Node.ELEMENT_NODE) yield* placesOf(child);
    }
  }

  function setUpLanguages() {
    const found = byId("texts");
    if (!found) return;
    const root = document.documentElement;
    const { chinese, english = {} } = JSON.parse(found.textContent);
    const words = new Map(Object.entries(chinese));
    const back = new Map([...words].map(([one, other]) => [other, one]));
    const several = new Map(Object.entries(english));
    const isChinese = root.lang !== "en";
    const inEnglish = (text) => several.get(text)?.shift() ?? back.get(text) ?? text;
    const places = [...placesOf(root)]
      .map((place) => ({ write: place.write, en: isChinese ? inEnglish(place.text) : place.text }))
      .filter((place) => words.has(place.en));
    const button = byId("language");
    button.hidden = false;
    button.addEventListener("click", () => {
      const toChinese = root.lang === "en";
      for (const place of places) place.write(toChinese ? words.get(place.en) : place.en);
      root.lang = toChinese ? "zh-Hans" : "en";
      labelLanguage(button);
    });
    labelLanguage(button);
  }

  /* The button has the name of the other language, in that language. */
  function labelLanguage(button) {
    const isEnglish = document.documentElement.lang === "en";
    button.textContent = isEnglish ? "\u4e2d\u6587" : "English";
    button.lang = isEnglish ? "zh-Hans" : "en";
  }

  /* Tables as data. A column, or a row, with `data-parts` has several values in each cell, in its `data-values`. */
  const MINUS = /\u2212/g;
  const NUMBER = /^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/;
  const partsOf = (cell) => JSON.parse(cell?.dataset.parts ?? "[]");

  function textOf(cell) {
    const copy = cell.cloneNode(true);
    for (const part of copy.querySelectorAll("[data-skip]")) part.remove();
    return clean(copy.textContent);
  }

  function plain(text) {
    const shown = text.replace(MINUS, "-");
    if (shown === "-") return "";
    return NUMBER.test(shown) ? shown.replace(/,/g, "").replace(/^\+/, "") : shown;
  }

  function valuesOf(cell, count) {
    const values = !cell ? [] : cell.dataset.values ? JSON.parse(cell.dataset.values) : [plain(textOf(cell))];
    return Array.from({ length: count }, (_, number) => values[number] ?? "");
  }

  /* The cells of a row by their columns: a cell that spans several is followed by empty ones. */
  function cellsOf(row) {
    return [...row.cells].flatMap((cell) => [cell, ...Array(cell.colSpan - 1).fill(null)]);
  }

  const headsOf = (table) => [...table.tHead.rows[0].cells];
  const rowsOf = (table) => [...table.tBodies[0].rows, ...(table.tFoot?.rows ?? [])];
  const named = (text, parts) => (parts.length ? parts.map((part) => clean(`${text} ${part}`)) : [text]);

  function csvOf(table) {
    const heads = headsOf(table);
    const lines = [
      heads.flatMap((head) => named(textOf(head), partsOf(head))),
      ...rowsOf(table).flatMap((row) => csvLines(cellsOf(row), heads)),
    ];
    return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
  }

  /* The lines of a row: several where the row itself has parts. */
  function csvLines(cells, heads) {
    const [head, ...others] = cells;
    const parts = partsOf(head);
    if (parts.length) {
      return named(textOf(head), parts).map((name, number) => [
        name, ...others.map((cell) => valuesOf(cell, parts.length)[number]),
      ]);
    }
    return [cells.flatMap((cell, column) => valuesOf(cell, partsOf(heads[column]).length || 1))];
  }

  /* A text that a spreadsheet would run as a formula gets an apostrophe: names in these tables are written by anybody. */
  function quoted(value) {
    const isFormula = /^[=@\t\r]/.test(value) || (/^[+-]/.test(value) && !/^[+-][\d.,%() \u00d7-]*$/.test(value));
    const safe = isFormula ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  }

  /* As `core/tables/latex.py` escapes. */
  const ESCAPED = {
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}",
    ">": "\\textgreater{}", "|": "\\textbar{}", '"': "\\textquotedbl{}", "'": "\\textquotesingle{}",
    "`": "\\textasciigrave{}", "-": "{-}", "[": "{[}", "]": "{]}", "*": "{*}", "&": "\\&", "%": "\\%", "$": "\\$",
    "#": "\\#", _: "\\_", "{": "\\{", "}": "\\}",
    "\u2212": "$-$", "\u00b1": "$\\pm$", "\u00d7": "$\\times$", "\u2026": "\\ldots{}",
  };
  const escaped = (text) => [...text].map((char) => ESCAPED[char] ?? char).join("");
  const MARKS = { best: (text) => `\\textbf{${text}}`, second: (text) => `\\underline{${text}}` };

  function latexCell(cell) {
    if (!cell) return "";
    const text = textOf(cell) === "-" ? "--" : escaped(textOf(cell));
    const mark = Object.keys(MARKS).find((name) => cell.classList.contains(name));
    return mark ? MARKS[mark](text) : text;
  }

  function latexOf(table) {
    const heads = headsOf(table);
    const sides = heads.map((head) => (head.classList.contains("figure") ? "r" : "l")).join("");
    const line = (cells) => `${cells.map(latexCell).join(" & ")} \\\\`;
    return [
      "% Needs \\usepackage{booktabs,textcomp} and \\usepackage[T1]{fontenc}.",
      "\\begin{table}", "\\centering", `\\caption{${escaped(titleOf(table))}}`, `\\begin{tabular}{${sides}}`,
      "\\toprule", line(heads), "\\midrule",
      ...[...table.tBodies[0].rows].map((row) => line(cellsOf(row))),
      ...(table.tFoot ? ["\\midrule", ...[...table.tFoot.rows].map((row) => line(cellsOf(row)))] : []),
      "\\bottomrule", "\\end{tabular}", "\\end{table}", "",
    ].join("\n");
  }

  const titleOf = (table) => clean(table.getAttribute("aria-label"));

  /* Copies: to the clipboard, and where a browser does not allow this, as a text to copy by hand or to keep. */
  const FORMS = {
    csv: { of: (framed) => csvOf(framed.querySelector("table")), kind: "text/csv", start: "\ufeff" },
    tex: { of: (framed) => latexOf(framed.querySelector("table")), kind: "text/x-tex", start: "" },
    txt: { of: (framed) => framed.querySelector("pre").textContent, kind: "text/plain", start: "" },
  };

  async function copy(button) {
    const framed = button.closest(".framed");
    const form = button.dataset.form;
    const text = FORMS[form].of(framed);
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not allowed, or not there
      showText(text, form);
      return;
    }
    button.classList.add("done");
    byId("status").textContent = byId("copied").textContent;
    setTimeout(() => {
      button.classList.remove("done");
      byId("status").textContent = "";
    }, 2500);
  }

  function showText(text, form) {
    const { kind, start } = FORMS[form];
    byId("text").value = text;
    byId("save").href = `data:${kind};charset=utf-8,${encodeURIComponent(start + text)}`;
    byId("save").download = `table.${form}`;
    byId("by-hand").showModal();
    byId("text").select();
  }

  showTheme(keptTheme());
  document.documentElement.classList.add("scripted");
  document.addEventListener("DOMContentLoaded", () => {
    setUpLanguages();
    byId("theme").value = keptTheme();
    byId("theme").addEventListener("change", (event) => {
      showTheme(event.target.value);
      keepTheme(event.target.value);
    });
    byId("print").addEventListener("click", () => print());
    byId("close").addEventListener("click", () => byId("by-hand").close());
    for (const button of document.querySelectorAll("button[data-form]")) {
      button.addEventListener("click", () => copy(button));
    }
  });
})();
