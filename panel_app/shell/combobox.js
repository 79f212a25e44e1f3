// A text box with a list of options below it (combobox, WAI-ARIA 1.2): what its users have in common.
"use strict";
app.combobox = (box, list, choose) => {
  const panel = list.parentNode, note = panel.querySelector("p");
  const said = document.getElementById(box.getAttribute("aria-describedby"));
  const options = () => [...list.querySelectorAll("[role=option]")];
  const marked = () => list.querySelector("[aria-selected=true]");
  const mark = (option) => {
    marked()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
  };
  // The list as it is filled: what is heard of it, and what is read above it.
  const open = (heard, read) => {
    note.hidden = !read;
    note.textContent = read;
    said.textContent = heard;
    panel.hidden = false;
    box.setAttribute("aria-expanded", String(options().length > 0));
    mark(null);
  };
  const close = () => {
    mark(null);
    panel.hidden = true;
    box.setAttribute("aria-expanded", "false");
    said.textContent = "";
  };
  const step = (by) => {
    const all = options(), from = marked() ? all.indexOf(marked()) : by > 0 ? -1 : all.length;
    mark(all.at((from + by) % all.length));
  };
  const option = (id, name, detail, data) => {
    const item = document.createElement("li"), small = document.createElement("small");
    item.id = id;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    Object.assign(item.dataset, data);
    small.textContent = detail;
    item.append(`${name} `, small);
    return item;
  };
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (!chosen) return;
    box.blur(); // a phone puts its keyboard away
    choose(chosen);
  });
  return { options, marked, mark, open, close, step, option, shown: () => !panel.hidden };
};
