// The list of indicators, with a search: near-twins are one entry, with a choice beside the box.
"use strict";
(() => {
  const { about, ask, on, plain } = app;
  const box = document.getElementById("indicator");
  if (!box) return; // embedded, or nothing is published
  const variant = document.getElementById("variant"), list = document.getElementById("indicator-options");
  const spaced = (text) => ` ${plain(text).replace(/[^\p{L}\p{N}]+/gu, " ").trim()}`;
  const entries = about.indicators.map((entry) => ({
    ...entry,
    named: spaced(`${entry.group} ${entry.name}`),
    told: spaced(`${entry.group} ${entry.name} ${entry.also}`),
    choices: entry.choices.map((each) => ({ ...each, named: spaced(`${entry.group} ${entry.name} ${each.variant} ${each.name}`) })),
  }));
  let shown = null, key = "", writing = false;

  // Each word must begin a word of the entry, or of one of its choices; of its explanation only where no name fits.
  const hits = (typed) => {
    const begun = spaced(typed).split(" ").filter(Boolean).map((word) => ` ${word}`);
    const fits = (text) => begun.every((word) => text.includes(word));
    const found = entries.flatMap((entry) => {
      if (fits(entry.named)) return [{ entry }];
      return entry.choices.filter((each) => fits(each.named)).map((choice) => ({ entry, choice }));
    });
    return found.length ? found : entries.filter((entry) => fits(entry.told)).map((entry) => ({ entry }));
  };
  // Of an entry: the one that is shown, the one of the same crop or months, else the first.
  const opened = (entry) => {
    const { variant: same } = shown?.choices.find((each) => each.key === key) ?? {};
    const choices = entry.choices;
    return (choices.find((each) => each.key === key) ?? choices.find((each) => same && each.variant === same) ?? choices[0]).key;
  };
  const choose = (option) => {
    leave();
    if (option.dataset.key !== key) ask({ indicator: option.dataset.key });
  };
  const found = app.combobox(box, list, choose);
  const leave = () => {
    found.close();
    writing = false;
    box.value = shown?.name ?? box.value;
  };
  const show = () => {
    const rows = hits(writing ? box.value : "");
    let group = "";
    list.replaceChildren(...rows.flatMap(({ entry, choice }, index) => {
      const several = entry.choices.length > 1 ? entry.choices.map((each) => each.variant).join(" · ") : "";
      const row = found.option(`indicator-option-${index}`, choice?.name ?? entry.name, choice ? "" : several, { key: choice?.key ?? opened(entry) });
      if (entry === shown && !choice) row.setAttribute("aria-current", "true");
      if (entry.group === group) return [row];
      group = entry.group;
      const heading = document.createElement("li");
      heading.setAttribute("role", "presentation");
      heading.textContent = group;
      return [heading, row];
    }));
    const none = about.words.no_indicator.replace("TEXT", box.value.trim());
    found.open(rows.length ? about.words.indicators.replace("NUMBER", rows.length) : none, rows.length ? "" : none);
    if (!writing) found.mark(list.querySelector("[aria-current]"));
  };

  on.address.push((query) => {
    key = query.get("indicator") ?? key;
    const entry = entries.find((each) => each.choices.some((choice) => choice.key === key));
    if (!entry) return;
    if (entry !== shown) {
      shown = entry;
      variant.replaceChildren(...entry.choices.map((each) => new Option(each.variant, each.key)));
      variant.parentNode.hidden = entry.choices.length < 2;
    }
    variant.value = key;
    if (!writing) box.value = entry.name;
  });
  on.input.push((event) => {
    if (event.target !== box) return false;
    writing = true;
    show();
    return true;
  });
  on.change.push((event) => event.target === box); // chosen, not typed
  on.key.push((event) => {
    if (event.target !== box || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !found.shown()) show();
    else if (step && found.options().length) found.step(step);
    else if (event.key === "Enter" && found.shown()) {
      const chosen = found.marked() ?? (box.value.trim() ? found.options()[0] : null);
      if (chosen) choose(chosen);
    } else if (event.key === "Escape") leave();
    else return false;
    event.preventDefault();
    return true;
  });
  box.addEventListener("focus", () => box.select());
  box.addEventListener("click", () => { if (!found.shown()) show(); });
  box.addEventListener("blur", leave);
})();
