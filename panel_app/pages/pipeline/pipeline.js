// The script of the pipeline page: it sorts and filters the départements, and updates what changed.
(() => {
  const { plain, on } = app;
  const view = { column: -1, down: false, filter: "", search: "", chosen: "" };

  const arrange = () => {
    const table = document.getElementById("places");
    if (!table) return;
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], rows = [...body.rows];
    heads.forEach((head, i) => {
      if (i === view.column) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    if (view.column >= 0) {
      const number = heads[view.column].dataset.kind === "number";
      const key = (row) => row.cells[view.column].dataset.value;
      const order = number ? (a, b) => Number(a) - Number(b) : (a, b) => a.localeCompare(b, document.documentElement.lang);
      rows.sort((a, b) => {
        const [left, right] = [key(a), key(b)];
        // Unknown values come last in either order.
        if (left === "" || right === "") return (left === "") - (right === "");
        return view.down ? order(right, left) : order(left, right);
      });
      body.append(...rows);
    }
    let found = 0;
    for (const row of rows) {
      const state = row.dataset.state;
      const kept = view.filter === "" || state === view.filter || (view.filter === "trouble" && "trouble" in row.dataset);
      const sought = plain(row.cells[1].textContent).includes(plain(view.search)) || row.dataset.code.toLowerCase().startsWith(view.search.toLowerCase());
      row.hidden = !(kept && sought);
      row.classList.toggle("chosen", row.dataset.code === view.chosen);
      found += !row.hidden;
    }
    const output = document.getElementById("found");
    output.textContent = found ? output.dataset.found.replace("N", found) : output.dataset.none;
    const select = document.getElementById("filter"), search = document.getElementById("search");
    if (select.value !== view.filter) select.value = view.filter;
    if (search.value !== view.search) search.value = view.search;
    for (const shape of document.querySelectorAll('[data-map="pipeline"] .land use')) {
      shape.classList.toggle("chosen", shape.dataset.code === view.chosen);
    }
  };

  const colour = (states) => {
    for (const shape of document.querySelectorAll('[data-map="pipeline"] .land use')) {
      const known = states[shape.dataset.code];
      if (!known) continue;
      shape.setAttribute("class", `state-${known[0]}`);
      shape.dataset.tip = known[1];
    }
  };

  document.addEventListener("click", (event) => {
    const head = event.target.closest("#places thead th");
    if (head) {
      view.down = view.column === head.cellIndex && !view.down;
      view.column = head.cellIndex;
      return arrange();
    }
    const shape = event.target.closest('[data-map="pipeline"] .land use');
    if (shape) {
      view.chosen = shape.dataset.code;
      view.filter = view.search = "";
      arrange();
      document.querySelector("#places tr.chosen")?.scrollIntoView({ block: "center" });
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "search") view.search = event.target.value.trim();
    else if (event.target.id === "filter") view.filter = event.target.value;
    else return;
    arrange();
  });

  on.main.push(arrange);
  on.slot.states = [(text) => colour(JSON.parse(text))];
  on.slot.places = [arrange];
})();
