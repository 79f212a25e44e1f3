// Zoom and pan of the map: by wheel, pinch, drag, double click, buttons and keys. Two maps that are
// compared show the same part. What appears with zoom (names, towns, rivers, borders of régions) is
// added here too.
(() => {
  const { root, on } = app;
  const MOST = 32, STEP = 1.7, MS = 160, REST_MS = 250, SLIP_PX = 4;
  const BORDERS_FROM = 1.5, NAMES_FROM = 1.5, TOWNS_FROM = 2.5;
  const TEXT_PX = 13, LETTER_PX = 7;
  const SVG = "http://www.w3.org/2000/svg";
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let home = null, view = { k: 1, x: 0, y: 0 }, moving = 0, resting = 0, landmarks = null, wanted = false;

  const maps = () => [...document.querySelectorAll('svg[data-map="a"], svg[data-map="b"]')];
  const box = (event) => event.target.closest?.("#map-a, #map-b");
  const within = (k, x, y) => ({
    k,
    x: Math.min(home.x + home.w - home.w / k, Math.max(home.x, x)),
    y: Math.min(home.y + home.h - home.h / k, Math.max(home.y, y)),
  });
  // Units of the drawing for a pixel.
  const unit = () => home.w / view.k / (maps()[0]?.clientWidth || home.w);
  const pointAt = (svg, clientX, clientY) => {
    const { left, top } = svg.getBoundingClientRect(), per = unit();
    return { x: view.x + (clientX - left) * per, y: view.y + (clientY - top) * per };
  };

  const draw = () => {
    for (const svg of maps()) {
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${home.w / view.k} ${home.h / view.k}`);
      svg.style.setProperty("--k", view.k);
      svg.parentNode.toggleAttribute("data-zoomed", view.k > 1);
    }
    for (const [name, off] of [["in", view.k >= MOST], ["out", view.k <= 1], ["all", view.k <= 1]]) {
      const button = document.querySelector(`[data-zoom="${name}"]`);
      if (button) button.disabled = off;
    }
    root.dispatchEvent(new CustomEvent("map-moved"));
  };
  const show = (to) => {
    view = to;
    draw();
    clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
  };
  const rest = () => {
    label();
    const typed = view.k > 1 ? [view.k.toFixed(2), view.x.toFixed(0), view.y.toFixed(0)].join() : "";
    if (typed !== (new URLSearchParams(window.location.search).get("zoom") ?? "")) app.ask({ zoom: typed });
  };
  const glide = (to) => {
    cancelAnimationFrame(moving);
    if (still.matches) return show(to);
    const from = view, start = performance.now();
    const frame = (now) => {
      const part = Math.min(1, Math.max(0, (now - start) / MS)), k = from.k * (to.k / from.k) ** part;
      // The corner moves so that the fixed point of the zoom stays where it is.
      const share = to.k === from.k ? part : (1 / from.k - 1 / k) / (1 / from.k - 1 / to.k);
      show({ k, x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
      if (part < 1) moving = requestAnimationFrame(frame);
      else show(to);
    };
    moving = requestAnimationFrame(frame);
  };
  const zoomed = (by, { x, y }) => {
    const k = Math.min(MOST, Math.max(1, view.k * by)), ratio = view.k / k;
    return within(k, x - (x - view.x) * ratio, y - (y - view.y) * ratio);
  };
  const centre = () => ({ x: view.x + home.w / view.k / 2, y: view.y + home.h / view.k / 2 });
  const inView = ({ x, y }, margin = 0) => {
    const across = (x - view.x) / (home.w / view.k), down = (y - view.y) / (home.h / view.k);
    return Math.min(across, down) >= margin && Math.max(across, down) <= 1 - margin;
  };
  const middle = (shape) => ({ x: Number(shape.dataset.x), y: Number(shape.dataset.y) });
  // The middle of what is focused or selected if that is in view, else of what is shown.
  const subject = () => {
    const shape = document.activeElement?.closest?.(".land use") ?? document.querySelector('[data-map="a"] .land [aria-pressed="true"]');
    return shape && inView(middle(shape)) ? middle(shape) : centre();
  };

  // ------------------------------------------------------------------ what appears with zoom
  const element = (name, attributes, text = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const sizes = new Map();
  const size = (shape) => {
    const name = shape.getAttribute("href");
    if (!sizes.has(name)) sizes.set(name, shape.getBBox());
    return sizes.get(name);
  };
  const label = () => {
    if (!home) return;
    if (view.k >= BORDERS_FROM && !wanted) {
      wanted = true;
      app.ask({ landmarks: "1" });
    }
    const names = JSON.parse(document.getElementById("map-places")?.textContent ?? "null");
    for (const svg of maps()) {
      const per = unit(), taken = [], made = [];
      // Whether a text would be whole and over no other; its place is taken then.
      const free = (left, top, width, height) => {
        const one = [left, top, left + width, top + height];
        if (!inView({ x: left, y: top }) || !inView({ x: left + width, y: top + height })) return false;
        if (taken.some((each) => one[0] < each[2] && each[0] < one[2] && one[1] < each[3] && each[1] < one[3])) return false;
        taken.push(one);
        return true;
      };
      const line = TEXT_PX * per;
      if (view.k >= NAMES_FROM) {
        for (const shape of svg.querySelectorAll(".land use")) {
          const { x, y } = middle(shape);
          const text = names.names[names.codes.indexOf(shape.dataset.code)], width = text.length * LETTER_PX * per;
          const room = size(shape);
          if (width > 1.1 * room.width || line > room.height || !free(x - width / 2, y - line, width, 1.3 * line)) continue;
          made.push(element("text", { x, y, class: "place", "font-size": line }, text));
        }
      }
      if (landmarks && view.k >= TOWNS_FROM) {
        const most = landmarks.towns.length * Math.min(1, (view.k / 12) ** 0.7);
        for (const [name, x, y] of landmarks.towns.slice(0, most)) {
          const width = (name.length * LETTER_PX + 8) * per;
          if (!free(x - 3 * per, y - line / 2, width, line)) continue;
          made.push(element("circle", { cx: x, cy: y, r: 2.5 * per }));
          made.push(element("text", { x: x + 5 * per, y: y + 0.35 * line, class: "town", "font-size": line }, name));
        }
      }
      svg.querySelector(".names").replaceChildren(...made);
      const borders = landmarks && view.k >= BORDERS_FROM;
      svg.querySelector(".regions").setAttribute("d", borders ? landmarks.regions : "");
      svg.querySelector(".rivers").replaceChildren(...(borders ? [element("path", { d: landmarks.rivers })] : []));
    }
  };
  on.slot.landmarks = [(text) => { landmarks = JSON.parse(text); label(); }];

  // ------------------------------------------------------------------ the map that is shown
  const load = () => {
    const [svg] = maps();
    home = null;
    if (!svg) return;
    const [x, y, w, h] = svg.dataset.home.split(" ").map(Number);
    home = { x, y, w, h };
    const [k, left, top] = (new URLSearchParams(window.location.search).get("zoom") ?? "").split(",").map(Number);
    view = Number.isFinite(top) && k > 1 && k <= MOST ? within(k, left, top) : { k: 1, x, y };
    draw();
    label();
  };
  on.main.push(load);
  on.slot.stage.push(() => { draw(); label(); });
  window.addEventListener("popstate", () => { if (home) load(); });

  // ------------------------------------------------------------------ wheel, pinch, drag
  document.addEventListener("wheel", (event) => {
    const map = home && box(event);
    if (!map) return;
    // The wheel scrolls the page where the map has nothing to zoom out of, or the page is not at its top.
    if (!event.ctrlKey && view.k === 1 && (event.deltaY > 0 || window.scrollY > 0)) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    cancelAnimationFrame(moving);
    show(zoomed(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), pointAt(map.querySelector("svg"), event.clientX, event.clientY)));
  }, { passive: false });

  const fingers = new Map();
  let dragged = false, start = null, pinch = null;
  document.addEventListener("pointerdown", (event) => {
    const map = home && box(event);
    if (!map || event.button !== 0 || event.target.closest(".zoom")) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) { dragged = false; start = { x: event.clientX, y: event.clientY }; }
    if (fingers.size === 2) pinch = { from: view, ...spread() };
  });
  const spread = () => {
    const [one, two] = [...fingers.values()];
    return { apart: Math.hypot(one.x - two.x, one.y - two.y), x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
  };
  document.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before || !home) return;
    const now = { x: event.clientX, y: event.clientY };
    if (fingers.size === 2) {
      fingers.set(event.pointerId, now);
      dragged = true;
      // What was between the fingers when the second one came down stays between them.
      const svg = box(event)?.querySelector("svg") ?? maps()[0];
      const { left, top, width } = svg.getBoundingClientRect(), is = spread();
      const k = Math.min(MOST, Math.max(1, (pinch.from.k * is.apart) / pinch.apart));
      const at = (each, per) => ({ x: (each.x - left) * per, y: (each.y - top) * per });
      const was = at(pinch, home.w / pinch.from.k / width), to = at(is, home.w / k / width);
      return show(within(k, pinch.from.x + was.x - to.x, pinch.from.y + was.y - to.y));
    }
    if (view.k === 1 || (!dragged && Math.hypot(now.x - start.x, now.y - start.y) < SLIP_PX)) return;
    if (!dragged) event.target.setPointerCapture?.(event.pointerId);
    dragged = true;
    fingers.set(event.pointerId, now);
    const per = unit();
    show(within(view.k, view.x - (now.x - before.x) * per, view.y - (now.y - before.y) * per));
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, (event) => { fingers.delete(event.pointerId); });
  // A drag ends in a click, which is no choice of a place.
  document.addEventListener("click", (event) => {
    if (dragged && box(event)) event.stopPropagation();
    dragged = false;
  }, true);
  document.addEventListener("dblclick", (event) => {
    const map = home && box(event);
    if (!map || event.target.closest(".zoom")) return;
    event.preventDefault();
    glide(zoomed(event.shiftKey ? 1 / STEP : STEP, pointAt(map.querySelector("svg"), event.clientX, event.clientY)));
  });

  // ------------------------------------------------------------------ buttons and keys
  const turn = (name) => glide(name === "all" ? within(1, home.x, home.y) : zoomed(name === "in" ? STEP : 1 / STEP, subject()));
  on.click.unshift((event) => {
    const button = event.target.closest("[data-zoom]");
    if (button && home) turn(button.dataset.zoom);
    return Boolean(button);
  });
  const KEYS = { "+": "in", "=": "in", "-": "out", "0": "all" };
  on.key.unshift((event) => {
    if (!home || !(event.key in KEYS) || event.target.matches("input, select, textarea")) return false;
    event.preventDefault();
    turn(KEYS[event.key]);
    return true;
  });
  // A place that is reached by the keyboard is moved into view.
  document.addEventListener("focusin", (event) => {
    const shape = home && view.k > 1 && event.target.closest?.('[data-map="a"] .land use');
    if (!shape || inView(middle(shape), 0.1)) return;
    const { x, y } = middle(shape);
    glide(within(view.k, x - home.w / view.k / 2, y - home.h / view.k / 2));
  });
})();
