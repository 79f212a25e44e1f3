// Downloads: pictures of parts of the page, tables, and files made by the session.
(() => {
  const { on, about } = app;
  const NS = "http://www.w3.org/2000/svg";
  const save = (name, blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const make = (name, attributes, text) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // A picture always has the light theme, for paper.
  const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "fill-opacity", "stroke-opacity", "opacity", "font-size", "font-weight", "text-anchor", "paint-order", "visibility"];
  const onPaper = async (work) => {
    const sheet = new CSSStyleSheet();
    const light = [...document.styleSheets].flatMap((each) => [...each.cssRules]).find((rule) => rule.selectorText === ":root");
    sheet.replaceSync(`:root { ${light.style.cssText} } @media screen { :root:root { ${light.style.cssText} } }`);
    document.adoptedStyleSheets = [sheet];
    try { return await work(); } finally { document.adoptedStyleSheets = []; }
  };

  // A self-contained copy of an SVG: references replaced by shapes, styles on each element.
  const alone = (svg, seen) => {
    const copy = svg.cloneNode(true);
    const from = [...svg.querySelectorAll("*")], to = [...copy.querySelectorAll("*")];
    from.forEach((each, i) => {
      let target = to[i];
      const style = getComputedStyle(each);
      if (style.display === "none") return target.remove();
      if (each.tagName === "use") {
        const shape = document.querySelector(each.getAttribute("href"));
        const path = make("path", { d: shape.getAttribute("d") });
        target.replaceWith(path);
        target = path;
      }
      for (const property of PROPERTIES) {
        const value = style.getPropertyValue(property);
        if (value && value !== "normal") target.setAttribute(property, value.replaceAll('"', "'").replace(/url\('[^']*#/, "url('#"));
      }
      if (style.getPropertyValue("fill").includes("#hatch")) seen.hatch = true;
      for (const name of ["class", "role", "tabindex", "aria-label", "aria-pressed", "data-code", "data-x", "data-y", "data-tip", "data-style", "style"]) target.removeAttribute(name);
      if (style.getPropertyValue("vector-effect") === "non-scaling-stroke") target.setAttribute("vector-effect", "non-scaling-stroke");
    });
    return copy;
  };

  const words = (element, box, into) => {
    const style = getComputedStyle(element), at = element.getBoundingClientRect();
    if (!at.width || style.visibility === "hidden") return;
    into.append(make("text", {
      x: at.left - box.left, y: at.top - box.top + at.height * 0.76, fill: style.color,
      "font-size": style.fontSize, "font-weight": style.fontWeight,
    }, element.textContent));
  };

  const FONT = "-apple-system, 'Segoe UI', Roboto, Ubuntu, 'Noto Sans', 'Liberation Sans', Arial, sans-serif";
  const ruler = document.createElement("canvas").getContext("2d");
  const wide = (text, size, weight) => {
    ruler.font = `${weight} ${size}px ${FONT}`;
    return ruler.measureText(text).width;
  };
  const wrap = (text, width, size, weight) => {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      // Other machines have other fonts, so a margin is left.
      if (lines.at(-1) && wide(longer, size, weight) > 0.94 * width) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines.filter(Boolean);
  };
  const paragraph = (into, text, x, y, width, size, weight, fill) => {
    const lines = wrap(text, width, size, weight);
    lines.forEach((line, i) => into.append(make("text", { x, y: y + (i + 0.8) * size * 1.35, "font-size": size, "font-weight": weight, fill }, line)));
    return y + lines.length * size * 1.35;
  };
  const sheet = (width, height) => make("svg", {
    xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`,
    "font-family": FONT,
  });
  const patterns = (seen) => {
    const defs = make("defs", {});
    if (seen.hatch) for (const name of ["hatch", "hatch-wide", "hatch-cells", "hatch-over"]) defs.append(alone(document.getElementById(name), seen));
    for (const each of defs.children) if (each.tagName === "pattern" && !each.id) each.id = "hatch";
    return defs;
  };

  const chart = (figure) => {
    const area = figure.querySelector(".chart"), plot = figure.querySelector(".plot"), svg = plot.querySelector("svg");
    const box = area.getBoundingClientRect(), inner = plot.getBoundingClientRect(), seen = {};
    const width = Math.round(box.width) + 32, body = sheet(width, 10);
    let y = paragraph(body, figure.querySelector("figcaption").textContent, 16, 12, width - 32, 16, 650, "#1a1a1a") + 12;
    const copy = alone(svg, seen);
    for (const [key, value] of Object.entries({ x: inner.left - box.left, y: inner.top - box.top, width: inner.width, height: inner.height })) copy.setAttribute(key, value);
    const group = make("g", { transform: `translate(16 ${y})` });
    group.append(copy);
    plot.querySelectorAll(".label").forEach((each) => words(each, box, group));
    body.append(group);
    y += box.height + 4;
    const note = figure.querySelector(".note");
    const said = [...(note?.childNodes ?? [])].filter((each) => each.className !== "hint").map((each) => each.textContent).join("");
    if (said) y = paragraph(body, said, 16, y, width - 32, 12, 400, "#595f66");
    return finish(body, width, paragraph(body, about.credit, 16, y + 2, width - 32, 11, 400, "#595f66") + 12, seen);
  };

  // The maps of a part of the page, with its heading and its legend.
  const map = (home) => {
    const legend = home.querySelector("table.legend");
    const seen = {}, maps = [...home.querySelectorAll(".france-map")], size = 560;
    const width = 32 + size * maps.length + 16 + 296, body = sheet(width, 10);
    const heading = [...home.querySelector("h1, h2").childNodes].filter((each) => each.textContent.trim());
    let y = heading.length > 1 ? paragraph(body, heading.shift().textContent, 16, 12, width - 32, 15, 400, "#595f66") : 12;
    y = paragraph(body, heading.map((each) => each.textContent).join("").trim(), 16, y, width - 32, 22, 650, "#1a1a1a") + 8;
    maps.forEach((svg, i) => {
      const name = home.querySelectorAll(".map-name")[i]?.textContent;
      if (name) paragraph(body, name, 16 + i * (size + 8), y, size, 13, 650, "#1a1a1a");
      const copy = alone(svg, seen), top = y + (name ? 24 : 0);
      for (const [key, value] of Object.entries({ x: 16 + i * (size + 8), y: top, width: size, height: size })) copy.setAttribute(key, value);
      body.append(copy);
      const plate = svg.parentNode.querySelector(".plate:not([hidden])");
      if (plate) {
        const from = svg.getBoundingClientRect(), at = plate.getBoundingClientRect(), scale = size / from.width;
        const middle = (at.left + at.width / 2 - from.left) * scale, bottom = (at.bottom - from.top) * scale;
        const half = wide(plate.textContent, 15, 650) / 2 + 8, left = 16 + i * (size + 8) + middle - half;
        body.append(make("rect", { x: left, y: top + bottom - 26, width: 2 * half, height: 26, rx: 3, fill: "#ffffff" }));
        body.append(make("text", { x: left + 8, y: top + bottom - 8, "font-size": 15, "font-weight": 650, fill: "#1a1a1a" }, plate.textContent));
      }
    });
    const x = 32 + size * maps.length + 8;
    let line = y + 16;
    const square = (swatch, left) => {
      const hatched = swatch.classList.contains("hatched");
      if (hatched) seen.hatch = true;
      body.append(make("rect", { x: left, y: line, width: 14, height: 14, fill: hatched ? "url(#hatch)" : swatch.style.backgroundColor, stroke: "#7d848b" }));
    };
    for (const row of legend.tBodies[0].rows) {
      [...row.cells].slice(0, 3).forEach((cell, i) => {
        const swatch = cell.querySelector(".swatch"), right = i === 1 && row.cells.length > 2 ? 220 : 280;
        if (swatch) square(swatch, i ? x + right - 14 : x);
        const text = { y: line + 12, "font-size": 13, fill: "#1a1a1a" };
        if (i === 0) body.append(make("text", { x: x + (swatch ? 22 : 0), ...text }, cell.textContent.trim()));
        else body.append(make("text", { x: x + right - (swatch ? 20 : 0), "font-weight": 650, "text-anchor": "end", ...text }, cell.textContent.trim()));
      });
      line += 24;
    }
    for (const note of legend.parentNode.querySelectorAll("p.small")) line = paragraph(body, note.textContent, x, line + 4, 280, 12, 400, "#595f66");
    const end = Math.max(y + size + 28, line + 8);
    return finish(body, width, paragraph(body, about.credit, 16, end, width - 32, 11, 400, "#595f66") + 12, seen);
  };

  const finish = (body, width, height, seen) => {
    body.setAttribute("height", Math.ceil(height));
    body.setAttribute("viewBox", `0 0 ${width} ${Math.ceil(height)}`);
    body.prepend(make("rect", { width: "100%", height: "100%", fill: "#ffffff" }));
    body.prepend(patterns(seen));
    body.prepend(make("title", {}, document.title));
    return body;
  };

  const picture = async (what, name, kind) => {
    const body = await onPaper(async () => (what.matches(".chart-figure") ? chart(what) : map(what)));
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(body)}`;
    const blob = new Blob([text], { type: "image/svg+xml" });
    if (kind === "svg") return save(`${name}.svg`, blob);
    const image = new Image(), url = URL.createObjectURL(blob);
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * body.getAttribute("width");
    canvas.height = 2 * body.getAttribute("height");
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    return canvas.toBlob((png) => save(`${name}.png`, png), "image/png");
  };

  // The table as shown, with semicolons between cells, as French spreadsheets expect.
  const table = (element) => {
    const cell = (each) => `"${each.textContent.trim().replaceAll(/\s+/g, " ").replaceAll('"', '""')}"`;
    return [...element.rows].filter((row) => !row.hidden).map((row) => [...row.cells].filter((each) => !("noTake" in each.dataset)).map(cell).join(";")).join("\r\n");
  };

  on.click.push((event) => {
    const button = event.target.closest("[data-take]");
    if (button) {
      const kind = button.dataset.take, figure = button.closest("[data-export-name]");
      const query = app.at.query();
      const suffix = [query.get("departement"), query.get("period")].filter((each) => each && !figure?.dataset.exportName.includes(each)).join("_");
      const name = figure ? [figure.dataset.exportName, suffix].filter(Boolean).join("_") : `${query.get("indicator")}_${query.get("period")}`;
      if (figure && kind === "csv") {
        save(`${name}.csv`, new Blob(["\ufeff", table(figure.querySelector("table"))], { type: "text/csv" }));
      } else if (["png", "svg"].includes(kind)) {
        picture(button.dataset.of === "map" ? button.closest("section, .map-page") : figure, name, kind);
      } else {
        button.setAttribute("aria-busy", "true");
        app.ask({ take: kind });
      }
      return true;
    }
    if (event.target.closest("[data-print]")) { window.print(); return true; }
    const copier = event.target.closest("[data-copy-link], [data-copy-quote]");
    if (!copier) return false;
    const before = copier.textContent, text = "copyLink" in copier.dataset ? [] : ["blockquote", "cite"].map((name) => copier.closest(".quote").querySelector(name).textContent);
    navigator.clipboard.writeText([...text, window.location.href].join("\n")).then(() => {
      copier.textContent = about.words.copied;
      setTimeout(() => { copier.textContent = before; }, 2000);
    });
    return true;
  });

  // Browsers only allow copying on secure connections.
  const copying = () => { if (!navigator.clipboard) document.querySelectorAll("[data-copy-link], [data-copy-quote]").forEach((each) => each.remove()); };
  on.main.push(copying);
  on.slot.comparison = [copying];
  on.slot.detail = [copying];

  const idle = () => document.querySelectorAll('[aria-busy="true"]').forEach((each) => each.removeAttribute("aria-busy"));
  on.slot.notice = [idle];
  on.slot.file = [(text) => {
    const { name, mime, data } = JSON.parse(text);
    idle();
    save(name, new Blob([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], { type: mime }));
  }];
  app.picture = { map, chart, onPaper };
})();
