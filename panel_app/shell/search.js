// The search box: a combobox (WAI-ARIA 1.2) with the places that the session suggests.
"use strict";
(() => {
  const { ask, askOn, on } = app;
  const PAUSE_MS = 120; // after the last key, before the session is asked
  const box = document.getElementById("place");
  if (!box) return; // embedded, or nothing is published
  const list = document.getElementById("place-options"), panel = list.parentNode;
  const said = document.getElementById("place-said"), note = panel.querySelector("p");
  let shown = box.value; // the selected département
  let answer = null, pause = 0, writing = false, entered = false;

  const text = () => box.value.trim();
  const marked = () => list.querySelector("[aria-selected=true]");
  const mark = (option) => {
    marked()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    clearTimeout(pause);
    mark(null);
    panel.hidden = true;
    box.setAttribute("aria-expanded", "false");
    said.textContent = "";
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
  const choose = (option) => {
    leave();
    askOn({ place: option.dataset.place });
  };
  const enter = () => {
    if (marked()) return choose(marked());
    if (answer?.text !== text()) {
      entered = true; // the answer is on its way
      return seek();
    }
    if (answer.exact) return choose(list.firstChild);
    box.setAttribute("aria-invalid", "true"); // the nearest places must be chosen from
    show();
  };

  const item = ({ place, name, detail }, index) => {
    const option = document.createElement("li"), small = document.createElement("small");
    option.id = `place-option-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.place = place;
    small.textContent = detail;
    option.append(`${name} `, small);
    return option;
  };
  const show = () => {
    const { options, exact } = answer;
    list.replaceChildren(...options.map(item));
    note.hidden = exact;
    note.textContent = answer.said;
    said.textContent = answer.said;
    panel.hidden = false;
    box.setAttribute("aria-expanded", String(options.length > 0));
    mark(null);
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
    const options = [...list.children], open = !panel.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !open && text() && writing) seek();
    else if (step && open && options.length) {
      const from = marked() ? options.indexOf(marked()) : step > 0 ? -1 : options.length;
      mark(options.at((from + step) % options.length));
    } else if (event.key === "Enter" && writing && text()) enter();
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
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    box.blur(); // a phone puts its keyboard away
    choose(option);
  });
})();
