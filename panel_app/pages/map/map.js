// The map steps through time by itself. When the reader stops, the session gets the period and sends the texts.
(() => {
  const { root, on } = app;
  const REST_MS = 80, PLAY_MS = 350;
  const DENSE = 60; // periods from which a few pixels of the timeline are another one
  const HOLD_PX = 8, SLIP_PX = 4;
  const HATCH = "url(#hatch-wide)";
  let places = null, a = null, b = null, second = null, over = null, tips = [], row = 0, step = "dekad", timer = 0, unanswered = 0, playing = 0, shownRow = -1;
  const el = (id) => document.getElementById(id);

  // Position in the styles, -1 without data.
  const style = (matrix, at, column) => matrix.letters.indexOf(matrix.cells[at * places.codes.length + column]);
  const rows = () => (step === "month" && Object.keys(a.months).length ? Object.keys(a.months).map(Number) : a.dates.map((_, i) => i));
  const label = (matrix, at) => (step === "month" && matrix.months[at]) || matrix.labels[at];
  const inside = (text) => (root.lang === "fr" ? text[0].toLowerCase() + text.slice(1) : text);
  const typed = (at) => (step === "month" && a.months[at] ? a.typed[at].slice(0, 7) : a.typed[at]);

  const paint = (map, matrix, at) => {
    for (const shape of map.shapes) {
      const index = style(matrix, at, shape.column);
      const fill = index < 0 ? HATCH : matrix.styles[index].colour;
      if (shape.fill !== fill) {
        shape.fill = fill;
        shape.element.setAttribute("fill", fill);
      }
    }
  };

  let maps = {};
  const gather = () => {
    maps = {};
    for (const name of ["a", "b"]) {
      const svg = document.querySelector(`[data-map="${name}"]`);
      if (!svg) continue;
      const column = new Map(places.codes.map((code, i) => [code, i]));
      const shapes = [...svg.querySelectorAll(".land use")].map((element) => ({
        element, column: column.get(element.dataset.code), fill: element.getAttribute("fill"),
      }));
      maps[name] = { svg, shapes };
    }
    choosing();
  };

  // The selected département is outlined, named above the map, and marked as pressed.
  const choosing = () => {
    const code = new URLSearchParams(window.location.search).get("departement") ?? "";
    for (const map of Object.values(maps)) {
      const group = map.svg.querySelector(".chosen"), shapes = map.shapes.filter(({ element }) => element.dataset.code === code);
      group.replaceChildren(...shapes.flatMap(({ element }) => ["halo", "outline"].map((kind) => {
        const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
        use.setAttribute("href", element.getAttribute("href"));
        use.setAttribute("class", kind);
        return use;
      })));
      for (const { element } of map.shapes) {
        if (element.hasAttribute("aria-pressed")) element.setAttribute("aria-pressed", String(element.dataset.code === code));
      }
    }
    plate();
  };

  // The second indicator: the places where it is grave are hatched, over the colours of the first.
  const hatch = () => {
    const layer = maps.a.svg.querySelector(".over");
    if (!over) return layer.replaceChildren();
    if (!layer.firstChild) {
      layer.append(...maps.a.shapes.map(({ element }) => {
        const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
        use.setAttribute("href", element.getAttribute("href"));
        return use;
      }));
    }
    const cells = over.cells.slice(row * places.codes.length, (row + 1) * places.codes.length);
    maps.a.shapes.forEach(({ column }, i) => layer.children[i].toggleAttribute("hidden", cells[column] !== "1"));
    const told = document.querySelector("[data-over]");
    if (told) told.textContent = /[01]/.test(cells) ? cells.split("1").length - 1 : told.dataset.unknown;
  };

  const other = () => [b ?? a, second[row]];

  const count = () => {
    const table = document.querySelector("[data-legend]");
    if (!table) return;
    const n = a.styles.length, counts = a.counts.slice(row * (n + 1), (row + 1) * (n + 1));
    [...table.tBodies[0].rows].forEach((line, i) => {
      line.classList.toggle("zero", counts[i] === 0);
      line.cells[1].textContent = counts[i] || "–";
      if (i < n) {
        const grown = a.crop?.[row * n + i];
        line.cells[2].textContent = counts[i] ? a.percents[a.area[row * n + i]] : "";
        if (line.cells[3]) line.cells[3].textContent = grown ? a.percents[grown] : "";
      }
    });
    const dry = a.drought[row];
    el("share").textContent = dry < 0 ? "" : app.about.words.drought.replace("SHARE", a.percents[dry]);
  };

  const show = () => {
    paint(maps.a, a, row);
    hatch();
    if (maps.b) {
      const [matrix, at] = other();
      paint(maps.b, matrix, at);
      document.querySelector('[data-map-name="a"]').textContent = `${a.name}, ${inside(label(a, row))}`;
      document.querySelector('[data-map-name="b"]').textContent = `${matrix.name}, ${inside(label(matrix, at))}`;
    }
    el("period").textContent = label(a, row);
    el("cursor").style.left = `${50 * (a.left[row] + a.right[row])}%`;
    el("day").value = a.dates[row];
    if (year?.of === a.dates[row].slice(0, 4)) near(); // another year is drawn when the reader rests
    const slider = el("timeline"), walk = rows();
    slider.setAttribute("aria-valuenow", row);
    slider.setAttribute("aria-valuetext", label(a, row));
    slider.setAttribute("aria-valuemax", a.dates.length - 1);
    slider.closest(".time").classList.toggle("single", walk.length === 1);
    el("previous").disabled = row <= walk[0];
    el("next").disabled = row >= walk[walk.length - 1];
    count();
    if (shownRow !== row) tips = [];
    shownRow = row;
    const key = `${a.indicator}|${a.dates[row]}`;
    root.dataset.mapPainted = key;
    performance.mark("map-set", { detail: key });
    requestAnimationFrame(() => requestAnimationFrame(() => {
      performance.mark("map-painted", { detail: key });
      root.dispatchEvent(new CustomEvent("map-painted", { detail: key }));
    }));
  };

  // The year of the period, enlarged, so that each of its periods can be hit.
  let year = null;
  const near = (again = false) => {
    const strip = el("near"), dense = a.dates.length > DENSE;
    strip.hidden = !dense;
    if (!dense) return;
    const of = a.dates[row].slice(0, 4);
    if (again || year?.of !== of || year.a !== a) {
      const within = a.dates.flatMap((date, i) => (date.startsWith(of) ? [i] : []));
      const left = a.left[within[0]], right = a.right[within[within.length - 1]];
      year = { of, a, left, right };
      const svg = el("timeline").querySelector("svg")?.cloneNode(true);
      if (!svg) return;
      const { width, height } = svg.viewBox.baseVal;
      svg.setAttribute("viewBox", `${left * width} 0 ${(right - left) * width} ${height}`);
      const months = within.filter((i) => i === within[0] || a.dates[i].slice(5, 7) !== a.dates[i - 1].slice(5, 7)).map((i) => {
        const text = document.createElement("span");
        text.className = "label start x";
        text.textContent = new Date(a.dates[i]).toLocaleDateString(root.lang, { month: "short", timeZone: "UTC" });
        text.style.left = `${(100 * (a.left[i] - left)) / (right - left)}%`;
        text.style.top = "100%";
        return text;
      });
      strip.querySelector(".track").replaceChildren(svg, ...months);
    }
    const wide = year.right - year.left, cursor = strip.querySelector(".cursor");
    cursor.style.left = `${(100 * (a.left[row] - year.left)) / wide}%`;
    cursor.style.width = `${(100 * (a.right[row] - a.left[row])) / wide}%`;
  };

  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      near();
      if (root.dataset.line) { // lost: the page that is loaded again begins where the reader is
        const query = new URLSearchParams(window.location.search);
        query.set("period", typed(row));
        return window.history.replaceState(null, "", `?${query}`);
      }
      unanswered += 1;
      app.ask({ period: typed(row) });
    }, REST_MS);
  };
  const go = (to) => {
    if (!a || to === row || to < 0 || to >= a.dates.length) return;
    row = to;
    show();
    rest();
  };
  const move = (by) => {
    const walk = rows();
    let at = walk.findIndex((each) => each >= row);
    if (at < 0) at = walk.length - 1;
    const to = Number.isFinite(by) ? Math.min(walk.length - 1, Math.max(0, at + by)) : by > 0 ? walk.length - 1 : 0;
    go(walk[to]);
  };
  const play = (wanted) => {
    clearInterval(playing);
    playing = 0;
    el("play")?.setAttribute("aria-pressed", String(wanted));
    if (!wanted) return;
    const walk = rows();
    if (row >= walk[walk.length - 1]) go(walk[Math.max(0, walk.length - (step === "month" ? 25 : 73))]);
    playing = setInterval(() => {
      const before = row;
      move(1);
      if (row === before) play(false);
    }, PLAY_MS);
  };

  const load = () => {
    const home = el("map-places");
    play(false);
    clearTimeout(timer);
    timer = 0;
    if (!home) { a = null; return; }
    places = JSON.parse(home.textContent);
    matrices();
    follow();
    tips = app.read("tips") ?? [];
    shownRow = row;
    gather();
    show();
    near(true);
  };
  const matrices = () => {
    a = app.read("matrix");
    [el("day").min, el("day").max] = [a.dates[0], a.dates[a.dates.length - 1]];
    b = app.read("other");
    second = app.read("second");
    over = app.read("over");
  };
  // The period shown by the session.
  const follow = () => { ({ row, step } = app.read("shown")); };
  on.main.push(load);

  on.slot.matrix = [() => { matrices(); follow(); }];
  on.slot.other = [matrices];
  on.slot.second = [matrices];
  on.slot.over = [matrices];
  on.slot.tips = [() => {
    tips = app.read("tips") ?? [];
    shownRow = row;
    for (const { element, column } of maps.a?.shapes ?? []) {
      if (element.getAttribute("role") === "button") element.setAttribute("aria-label", [places.names[column], tips[column][0]].filter(Boolean).join(", "));
    }
  }];
  on.slot.stage = [() => gather()];
  on.slot.timeline = [() => { if (a) near(true); }];
  // After a change of period by a link or the back button the map follows the session.
  on.slot.any.push((slots) => {
    if (!a || !slots.includes("state")) return;
    // The answer to a step of the map may come late, when the map has already moved on.
    if (unanswered) unanswered -= 1;
    else if (!timer && !playing) follow();
    for (const each of document.querySelectorAll("[data-walk]")) each.setAttribute("aria-pressed", String(each.dataset.walk === step));
    choosing();
    document.querySelector(".time .steps")?.toggleAttribute("hidden", !Object.keys(a.months).length);
    show();
    near();
    shownRow = row;
    tips = app.read("tips") ?? [];
  });
  // The name of the selected département, above it.
  const plate = () => {
    const box = el("plate"), chosen = document.querySelector('[data-map="a"] .chosen .outline');
    if (!box) return;
    box.hidden = !chosen;
    if (!chosen) return;
    const map = el("map-a").getBoundingClientRect(), shape = chosen.getBoundingClientRect();
    box.hidden = shape.right < map.left || shape.left > map.right || shape.bottom < map.top || shape.top > map.bottom;
    const code = chosen.getAttribute("href").slice(3);
    const column = places.codes.indexOf(code.replace(/x$/, ""));
    box.textContent = `${places.names[column]} (${places.codes[column]})`;
    const middle = (Math.max(shape.left, map.left) + Math.min(shape.right, map.right)) / 2 - map.left;
    box.style.left = `${Math.min(map.width - box.offsetWidth / 2 - 4, Math.max(box.offsetWidth / 2 + 4, middle))}px`;
    box.style.top = `${Math.max(0, shape.top - map.top - box.offsetHeight - 6)}px`;
  };
  window.addEventListener("resize", plate);
  root.addEventListener("map-moved", plate);

  // ------------------------------------------------------------------ pointer and keyboard
  const land = (event) => event.target.closest?.('[data-map="a"] .land use, [data-map="b"] .land use');
  on.click.push((event) => {
    const walk = event.target.closest("[data-walk]");
    if (walk) {
      step = walk.dataset.walk;
      for (const each of document.querySelectorAll("[data-walk]")) each.setAttribute("aria-pressed", String(each === walk));
      clearTimeout(timer);
      timer = 0;
      show();
      app.ask({ period: step === "month" ? a.typed[row].slice(0, 7) : a.typed[row] });
      return true;
    }
    const by = event.target.closest("[data-step]");
    if (by) { play(false); move(Number(by.dataset.step)); return true; }
    if (event.target.closest("#play")) { play(!playing); return true; }
    const shape = land(event) ?? event.target.closest('[data-map="trend"] .land use, [data-map="hot"] .land use');
    // The second click of a double click enlarges the map.
    if (shape) { if (event.detail < 2) choose(shape.dataset.code); return true; }
    if (event.target.closest("#map-a, #map-b") && event.detail < 2 && new URLSearchParams(window.location.search).get("departement")) {
      app.ask({ departement: "" });
      return true;
    }
    return false;
  });
  const choose = (code) => {
    const now = new URLSearchParams(window.location.search).get("departement");
    app.ask({ departement: now === code ? "" : code });
  };

  const nextTo = (from, dx, dy) => {
    const x = Number(from.dataset.x), y = Number(from.dataset.y);
    let best = null, least = Infinity;
    for (const { element } of maps.a.shapes) {
      if (element === from || element.getAttribute("href").endsWith("x")) continue;
      const along = (Number(element.dataset.x) - x) * dx + (Number(element.dataset.y) - y) * dy;
      const across = Math.abs((Number(element.dataset.x) - x) * dy) + Math.abs((Number(element.dataset.y) - y) * dx);
      const far = along + 2 * across;
      if (along > 0.5 && far < least) { least = far; best = element; }
    }
    return best;
  };
  const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: 36, PageDown: -36, Home: -Infinity, End: Infinity };
  const TURNS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  on.key.push((event) => {
    if (!a) return false;
    const shape = land(event);
    if (shape) {
      if (event.key in TURNS) {
        event.preventDefault();
        const to = nextTo(shape, ...TURNS[event.key]);
        if (to) {
          maps.a.svg.querySelectorAll('[tabindex="0"]').forEach((each) => each.setAttribute("tabindex", -1));
          to.setAttribute("tabindex", 0);
          to.focus();
        }
        return true;
      }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(shape.dataset.code); return true; }
    }
    if (event.key === "Escape" && new URLSearchParams(window.location.search).get("departement") && !event.target.matches("input, select")) {
      app.ask({ departement: "" });
      return true;
    }
    if (event.target.matches("input, select, textarea, [data-tips], .scroll")) return false;
    if (event.key === " " && !event.target.matches("button, a, summary")) { event.preventDefault(); play(!playing); return true; }
    const onSlider = event.target.id === "timeline";
    if (!(event.key in KEYS) || (!onSlider && !["ArrowLeft", "ArrowRight"].includes(event.key))) return false;
    event.preventDefault();
    play(false);
    const by = KEYS[event.key];
    move(Math.abs(by) === 36 && step === "month" ? by / 3 : by);
    return true;
  });

  // The timeline follows a press and drag, or the mouse wheel.
  const rowAt = (event, strip) => {
    const box = strip.querySelector(".track").getBoundingClientRect();
    const [left, right] = strip.id === "near" ? [year.left, year.right] : [0, 1];
    const x = left + ((event.clientX - box.left) / box.width) * (right - left);
    return rows().reduce((best, each) => (distance(each, x) < distance(best, x) ? each : best));
  };
  const distance = (each, x) => Math.abs((a.left[each] + a.right[each]) / 2 - x);
  // The cursor is held where it is pressed: a slip of the hand is not another period.
  let dragging = null;
  document.addEventListener("pointerdown", (event) => {
    const strip = a && event.button === 0 && event.target.closest(".timeline");
    if (!strip) return;
    const cursor = strip.querySelector(".cursor").getBoundingClientRect();
    const held = strip.id === "timeline" && Math.abs(event.clientX - (cursor.left + cursor.right) / 2) <= HOLD_PX;
    dragging = { strip, from: event.clientX, held };
    play(false);
    strip.setPointerCapture?.(event.pointerId);
    if (!held) go(rowAt(event, strip));
  });
  document.addEventListener("pointermove", (event) => {
    if (!dragging) return hover(event);
    if (dragging.held && Math.abs(event.clientX - dragging.from) < SLIP_PX) return;
    dragging.held = false;
    go(rowAt(event, dragging.strip));
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { dragging = null; });
  on.change.push((event) => {
    if (event.target.id !== "day") return false;
    const { value } = event.target, walk = rows();
    if (a && value) go(walk.find((each) => a.dates[each] >= value) ?? walk[walk.length - 1]);
    return true;
  });
  on.input.push((event) => {
    if (event.target.id !== "swipe") return false;
    event.target.closest(".maps").style.setProperty("--swipe", `${event.target.value}%`);
    return true;
  });

  // ------------------------------------------------------------------ tooltips
  const tip = el("tip");
  const hover = (event) => {
    const shape = land(event), told = event.target.closest?.("[data-tip]");
    const line = a && event.target.closest?.(".timeline");
    // A finger selects, and the selection is told elsewhere; its tip would hide the map.
    if (shape && a && event.pointerType !== "touch") return say(event, shape);
    if (told) return put(event.clientX, event.clientY, [["b", told.dataset.tip]]);
    if (line && event.pointerType !== "touch") {
      const to = rowAt(event, line);
      return put(event.clientX, event.clientY, [["b", label(a, to)]]);
    }
    if (!event.target.closest?.("[data-tips]")) tip.hidden = true;
  };
  const say = (event, shape) => {
    const onSecond = shape.closest('[data-map="b"]');
    const [matrix, at] = onSecond ? other() : [a, row];
    const column = places.codes.indexOf(shape.dataset.code), index = style(matrix, at, column);
    const name = index < 0 ? app.about.words.nothing : matrix.styles[index].name;
    const [head, body] = (!onSecond && tips[column]) || ["", ""];
    const box = shape.getBoundingClientRect();
    const x = event.clientX ?? (box.left + box.right) / 2, y = event.clientY ?? box.top;
    put(x, y, [
      ["b", `${places.names[column]} (${places.codes[column]})`],
      ["class", head || name, index < 0 ? null : matrix.styles[index].colour],
      ["small", body],
      ["small", !onSecond && event.clientX ? app.cellAt(event, shape.dataset.code) : ""],
      ...(places.held.includes(places.codes[column]) ? [["small", app.about.words.held]] : []),
    ]);
  };
  const put = (x, y, lines) => {
    tip.replaceChildren(...lines.filter(([, text]) => text).map(([kind, text, colour]) => {
      const line = document.createElement(kind === "b" ? "b" : "span");
      line.className = kind;
      if (kind === "class") {
        const swatch = document.createElement("i");
        swatch.className = colour ? "swatch" : "swatch hatched";
        if (colour) swatch.style.backgroundColor = colour;
        line.append(swatch);
      }
      line.append(text);
      return line;
    }));
    tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = tip;
    tip.style.left = `${Math.max(8, Math.min(window.innerWidth - width - 8, x + 16))}px`;
    tip.style.top = `${y + 24 + height > window.innerHeight ? Math.max(8, y - height - 16) : y + 20}px`;
  };
  app.tip = { put, hide: () => { tip.hidden = true; } };
  document.addEventListener("focusin", (event) => {
    const shape = land(event);
    if (shape && a && shape.matches(":focus-visible")) say({}, shape);
    else if (!event.target.closest?.("[data-tips]")) tip.hidden = true;
  });
  document.addEventListener("pointerleave", () => { tip.hidden = true; });
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
