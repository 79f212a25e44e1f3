// The search box: a combobox (WAI-ARIA 1.2) with the places that the session suggests.
"use strict";
(() => {
  const { ask, askOn, on } = app;
  const PAUSE_MS = 120; // after the last key, before the session is asked
  const box = document.getElementById("place");
  if (!box) return; // embedded, or nothing is published
  let shown = box.value; // the selected département
  let answer = null, pause = 0, writing = false, entered = false;

  const text = () => box.value.trim();
  const choose = (option) => {
    leave();
    askOn({ place: option.dataset.place });
  };
  const found = app.combobox(box, document.getElementById("place-options"), choose);
  const close = () => {
    clearTimeout(pause);
    found.close();
    entered = false;
  };
  // The box shows the selected département again.
  const leave = () => {
    close();
    writing = false;
    box.value = shown;
    box.removeAttribute("aria-invalid");
  };
  const seek = () => {
    clearTimeout(pause);
    if (answer?.text === text()) show();
    else ask({ search: text() });
  };
  const enter = () => {
    if (found.marked()) return choose(found.marked());
    if (answer?.text !== text()) {
      entered = true; // the answer is on its way
      return seek();
    }
    if (answer.exact) return choose(found.options()[0]);
    box.setAttribute("aria-invalid", "true"); // the nearest places must be chosen from
    show();
  };
  const show = () => {
    const items = answer.options.map(({ place, name, detail }, index) => found.option(`place-option-${index}`, name, detail, { place }));
    document.getElementById("place-options").replaceChildren(...items);
    found.open(answer.said, answer.exact ? "" : answer.said);
  };

  on.slot.found = [(json) => {
    answer = JSON.parse(json);
    if (!writing || answer.text !== text()) return;
    show();
    if (entered) enter();
    entered = false;
  }];
  on.slot.place = [(name) => {
    shown = name;
    if (!writing) box.value = name;
  }];

  on.input.push((event) => {
    if (event.target !== box) return false;
    writing = true;
    box.removeAttribute("aria-invalid");
    clearTimeout(pause);
    if (text()) pause = setTimeout(seek, PAUSE_MS);
    else close();
    return true;
  });
  on.key.push((event) => {
    if (event.target !== box || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], open = found.shown();
    if (step && !open && text() && writing) seek();
    else if (step && open && found.options().length) found.step(step);
    else if (event.key === "Enter" && writing && text()) enter();
    else if (event.key === "Escape") {
      if (open) close();
      else leave();
    } else return false;
    event.preventDefault();
    return true;
  });
  // An emptied box lets go of the département: on Enter, on leaving it, and by its own button.
  const emptied = (event) => {
    if (event.target !== box || text() || !shown) return false;
    writing = false;
    ask({ departement: "" });
    return true;
  };
  on.change.push(emptied);
  box.addEventListener("search", emptied);
  box.addEventListener("focus", () => box.select());
  box.addEventListener("blur", () => { if (text()) leave(); else close(); });
})();
