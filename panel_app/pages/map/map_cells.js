// Cells of 8 km inside the départements in view, once the map is large enough for them. They are asked
// for when map and period rest, and never stand beside the colours of another period.
(() => {
  const { root, on } = app;
  const FROM = 3, REST_MS = 150, MOST_PERIODS = 40;
  const SVG = "http://www.w3.org/2000/svg", HATCH = "url(#hatch-cells)";
  const grids = new Map(); // places of the cells, by département
  const classes = new Map(); // characters of the cells by département, by indicator and period
  const boxes = new Map(); // of the shapes
  let timer = 0, drawn = new Map(), of = "";

  const made = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const map = () => document.querySelector('svg[data-map="a"]');
  const styles = () => app.read("matrix")?.styles ?? [];

  const inView = (svg) => {
    const { x, y, width, height } = svg.viewBox.baseVal;
    return [...svg.querySelectorAll(".land use")].filter((shape) => {
      const name = shape.getAttribute("href");
      if (name.endsWith("x")) return false; // drawn a second time, larger
      if (!boxes.has(name)) boxes.set(name, shape.getBBox());
      const box = boxes.get(name);
      return box.x < x + width && box.x + box.width > x && box.y < y + height && box.y + box.height > y;
    }).map((shape) => shape.dataset.code);
  };

  // One path for each class, cut out by the shape of the département.
  const group = (code, letters) => {
    const { to: [a, b, c, d, e, f], at } = grids.get(code), colours = styles(), paths = new Map();
    const corner = (column, row) => `${(a * column + c * row + e).toFixed(2)} ${(b * column + d * row + f).toFixed(2)}`;
    [...letters].forEach((letter, i) => {
      const fill = colours[letter]?.colour ?? HATCH, x = at[2 * i] - 0.5, y = at[2 * i + 1] - 0.5;
      const square = `M${corner(x, y)}L${corner(x + 1, y)}L${corner(x + 1, y + 1)}L${corner(x, y + 1)}z`;
      paths.set(fill, (paths.get(fill) ?? "") + square);
    });
    const all = made("g", { "data-cells-of": code }), inside = made("g", { "clip-path": `url(#cells-${code})` });
    const clip = made("clipPath", { id: `cells-${code}` });
    clip.append(made("use", { href: `#s-${code}` }));
    inside.append(...[...paths].map(([fill, path]) => made("path", { fill, d: path })));
    all.append(clip, inside, made("use", { href: `#s-${code}`, class: "border" }));
    return all;
  };

  const draw = () => {
    const svg = map();
    clearTimeout(timer);
    if (!svg) return;
    const told = document.querySelector("[data-cells]");
    const near = Number(svg.dataset.home.split(" ")[2]) / svg.viewBox.baseVal.width >= FROM;
    if (told) told.hidden = !near;
    const codes = near && told?.dataset.cells ? inView(svg) : [];
    const now = root.dataset.mapPainted ?? "", letters = classes.get(now) ?? {};
    if (now !== of) [of, drawn] = [now, new Map()];
    const layer = svg.querySelector(".cells"), shown = codes.filter((code) => letters[code] && grids.has(code));
    const parts = shown.map((code) => {
      if (!drawn.has(code)) drawn.set(code, group(code, letters[code]));
      return drawn.get(code);
    });
    if (layer.children.length !== parts.length || parts.some((part, i) => layer.children[i] !== part)) layer.replaceChildren(...parts);
    const missing = codes.filter((code) => !(code in letters));
    if (missing.length) timer = setTimeout(() => app.ask({ cells: missing.join(), grids: missing.filter((code) => !grids.has(code)).join(), of: now }), REST_MS);
  };

  const forget = () => {
    grids.clear();
    classes.clear();
    drawn = new Map();
  };
  on.slot.cells = [(text) => {
    const answer = JSON.parse(text);
    for (const [code, grid] of Object.entries(answer.grids)) grids.set(code, grid);
    classes.set(answer.of, { ...classes.get(answer.of), ...answer.classes });
    if (classes.size > MOST_PERIODS) classes.delete(classes.keys().next().value);
    draw();
    performance.mark("cells", { detail: answer.of });
  }];
  on.slot.matrix.push(forget); // another indicator, or another publication
  on.slot.stage.push(() => { boxes.clear(); drawn = new Map(); draw(); });
  on.slot.any.push(draw);
  on.main.push(() => { boxes.clear(); forget(); draw(); });
  root.addEventListener("map-moved", draw);
  // Before the new colours of a step are painted.
  new MutationObserver(draw).observe(root, { attributeFilter: ["data-map-painted"] });

  // The class of the cell under the pointer, for the tooltip.
  app.cellAt = (event, code) => {
    const svg = map(), letters = classes.get(of)?.[code];
    if (!letters || !grids.has(code) || !svg.querySelector(`[data-cells-of="${code}"]`)) return "";
    const { left, top, width } = svg.getBoundingClientRect(), view = svg.viewBox.baseVal, per = view.width / width;
    const { to: [a, b, c, d, e, f], at } = grids.get(code);
    const x = view.x + (event.clientX - left) * per - e, y = view.y + (event.clientY - top) * per - f, det = a * d - b * c;
    const column = Math.round((d * x - c * y) / det), row = Math.round((a * y - b * x) / det);
    const i = at.findIndex((_, n) => n % 2 === 0 && at[n] === column && at[n + 1] === row) / 2;
    const name = i < 0 ? null : styles()[letters[i]]?.name ?? app.about.words.nothing;
    return name ? app.about.words.cell.replace("CLASS", name) : "";
  };
})();
