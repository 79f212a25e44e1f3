// Answers from the files of a static site, in place of a session: texts by indicator and year, pages, places.
"use strict";
(() => {
  const { about, place, read, root, tell } = app;
  const { page: here, lang, departement: own, first, kept, varied, names, words } = about.files;
  const FRENCH = "fr", KEPT_TEXTS = 60, FIRST = 35;
  const esc = (text) => String(text).replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
  const filled = (template, values) => template.replace(/__([a-z_]+?)__/g, (mark, name) => (name in values ? esc(values[name]) : mark));

  // ------------------------------------------------------------------ files
  const texts = new Map(); // promises, by address
  const load = (name) => {
    if (!texts.has(name)) {
      texts.set(name, fetch(name).then((answer) => {
        if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
        return answer.text();
      }).catch((error) => { texts.delete(name); throw error; }));
      if (texts.size > KEPT_TEXTS) texts.delete(texts.keys().next().value);
    }
    return texts.get(name);
  };
  const data = async (name) => JSON.parse(await load(`data/${name}`));

  // ------------------------------------------------------------------ addresses, as in addresses.py
  const fileOf = (page, of, code) => `${[page === about.home ? "index" : page, code].filter(Boolean).join("-")}${of === FRENCH ? "" : `.${of}`}.html`;
  const query = () => new URLSearchParams({ ...first, page: here, lang, ...(own && { departement: own }), ...Object.fromEntries(new URLSearchParams(window.location.search)) });
  const address = (asked) => {
    const page = asked.get("page") in kept ? asked.get("page") : asked.get("page") ? "about" : about.home;
    const code = page === "departement" ? asked.get("departement") ?? "" : "";
    const rest = kept[page].filter((name) => asked.get(name) && asked.get(name) !== first[name]).map((name) => [name, asked.get(name)]);
    return fileOf(page, asked.get("lang") ?? FRENCH, code) + (rest.length ? `?${new URLSearchParams(rest)}` : "");
  };
  Object.assign(app.at, { query, address });
  const current = () => fileOf(here, lang, own);

  // ------------------------------------------------------------------ the map
  const base = Object.fromEntries([...document.querySelectorAll("[data-slot]")].map((each) => [each.dataset.slot, each.tagName === "SCRIPT" ? each.textContent : each.innerHTML]));
  const rowOf = (matrix, period) => {
    const wished = `${period}${period.length === 4 ? "-12-31" : period.length === 7 ? "-31" : ""}`;
    const months = Object.keys(matrix.months).map(Number), by = period.length === 7 && months.length;
    const days = (row) => Math.abs(Date.parse(matrix.dates[row]) - Date.parse(wished.replace(/-31$/, "-28")));
    const rows = by ? months : matrix.dates.map((_, row) => row);
    const same = rows.find((row) => matrix.dates[row].startsWith(period));
    return same ?? rows.reduce((best, row) => (days(row) < days(best) ? row : best));
  };
  const typed = (matrix, row, step) => (step === "month" ? matrix.typed[row].slice(0, 7) : matrix.typed[row]);
  const colour = (matrix, row, column, nothing) => matrix.styles[matrix.letters.indexOf(matrix.cells[row * names.codes.length + column])]?.colour ?? nothing;
  // The swatch of what has no data is hatched.
  const hatched = (html, known) => (known ? html : html.replace('class="swatch "', 'class="swatch hatched"'));

  const showMap = async (asked) => {
    const indicator = asked.get("indicator"), period = asked.get("period") ?? first.period, code = asked.get("departement") ?? "";
    const changed = read("matrix").indicator !== indicator;
    const [text, of] = await Promise.all([changed ? load(`data/${indicator}.${lang}.json`) : place("matrix").textContent, data(`${indicator}/of.${lang}.json`)]);
    const matrix = JSON.parse(text), row = rowOf(matrix, period), step = period.length === 7 && Object.keys(matrix.months).length ? "month" : "dekad";
    const year = await data(`${indicator}/${matrix.dates[row].slice(0, 4)}.${lang}.json`);
    const now = year.at[row], said = [...now.places].map((letter) => year.said[letter.charCodeAt(0) - FIRST]);
    const at = { period: (step === "month" && now.period[1]) || now.period[0], typed: typed(matrix, row, step), finding: now.finding, of_list: now.of_list };
    const slots = {
      headline: filled(of.headline, at),
      legend: filled(year.legends[now.legend], now),
      ...(changed && { timeline: of.timeline }),
      ...panels(code, { matrix, row, of, now, said, at }),
      tips: JSON.stringify(names.codes.map((_, i) => said.slice(3 * i, 3 * i + 2))),
      shown: JSON.stringify({ row, step }),
      ...(changed && { matrix: text }),
    };
    const chosen = names.names[names.codes.indexOf(code)];
    const title = [chosen, of.name, at.period].filter(Boolean).join(", ");
    const selection = new URLSearchParams({ indicator, period: at.typed, ...(code && { departement: code }), ...(asked.get("zoom") && { zoom: asked.get("zoom") }), page: here, lang });
    return [slots, { title: `${title} · ${about.files.title}`, place: code && `${code} ${chosen}`, query: address(selection) }];
  };
  const panels = (code, { matrix, row, of, now, said, at }) => {
    const i = names.codes.indexOf(code);
    if (i < 0) return { detail: isFirst(matrix, row) ? base.detail : france({ matrix, row, of, now, at }), sheet: "" };
    const known = colour(matrix, row, i, ""), [head, body, since] = said.slice(3 * i, 3 * i + 3);
    const values = { ...at, code, name: names.names[i], region: names.regions[i], head, body, since, colour: known || "transparent", held: names.held.includes(code) ? about.words.held : "" };
    return { detail: hatched(filled(of.place, values), known), sheet: hatched(filled(of.sheet, values), known) };
  };
  const isFirst = (matrix, row) => matrix.indicator === first.indicator && matrix.typed[row].startsWith(first.period);
  const france = ({ matrix, row, of, now, at }) => {
    const [before, item, after] = of.france.split(/(<li>[^]*<\/li>)/);
    const rows = now.worst.map(([column, told, value]) => filled(item, {
      ...at, code: names.codes[column], name: names.names[column], colour: colour(matrix, row, column, of.nothing), said: told, value,
    }));
    return filled(before, at) + (rows.join("") || `<li class="small">${esc(words.none_dry)}</li>`) + filled(after, at);
  };

  // ------------------------------------------------------------------ pages
  const showVariant = async (asked) => {
    const values = kept[here].map((name) => [name, asked.get(name)]).filter(([name, value]) => value && value !== first[name]);
    const html = values.length ? await load(`pages/${[here, ...values.map(([, value]) => value), lang].join(".")}.html`) : base.main;
    return [{ main: html }, { query: address(asked) }];
  };
  // The table as it stands, by one of its columns.
  const sort = (column) => {
    const key = column.replace(/^-/, "");
    const head = [...document.querySelectorAll("#ranking-table th button")].find((each) => JSON.parse(each.dataset.askParams).sort.replace(/^-/, "") === key).closest("th");
    const falls = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : column.startsWith("-");
    const table = head.closest("table"), at = [...head.parentNode.cells].indexOf(head), rows = [...table.tBodies[0].rows];
    const value = (row) => {
      const text = row.cells[at].textContent.trim(), number = Number.parseFloat(text.replace(/[\s\u00a0\u202f]/g, "").replace("−", "-").replace(",", "."));
      return Number.isNaN(number) ? text : number;
    };
    const unknown = (each) => each === "" || each === "–";
    rows.sort((one, other) => {
      const [x, y] = [value(one), value(other)];
      if (unknown(x) || unknown(y)) return unknown(x) - unknown(y);
      const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), lang);
      return falls ? -order : order;
    });
    for (const each of head.parentNode.cells) {
      each.removeAttribute("aria-sort");
      each.querySelector(".rises, .falls")?.remove();
    }
    const arrow = document.createElement("i");
    arrow.className = falls ? "falls" : "rises";
    arrow.setAttribute("aria-hidden", "true");
    head.querySelector("button").append(arrow);
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    table.tBodies[0].append(...rows);
    answer({}, {});
  };

  const answer = (slots, { title, query: text, place: shown }) => {
    const all = { ...slots, ...(title && { title }), state: JSON.stringify({ page: here }), ...(shown !== undefined && { place: shown }), ...(text && { query: text }) };
    tell({ slot: Object.keys(all), html: Object.values(all) });
  };

  // ------------------------------------------------------------------ what is asked
  const leave = (to) => { window.location.href = to; };
  let turn = 0; // of two answers under way only the last is told
  const show = async (asked) => {
    const mine = ++turn;
    const work = here === about.home ? showMap : varied.includes(here) ? showVariant : null;
    if (!work) return answer({}, { query: address(asked) });
    try {
      const [slots, said] = await work(asked);
      if (mine === turn) answer(slots, said);
    } catch (error) {
      if (mine !== turn) return;
      place("notice").textContent = words.missing;
      delete root.dataset.asking;
      throw error;
    }
  };
  const follow = (href) => {
    const to = new URL(href, window.location.href);
    if (to.pathname.split("/").pop().replace(/^$/, "index.html") !== current()) return leave(to.href);
    const asked = new URLSearchParams({ ...first, page: here, lang, ...(own && { departement: own }), ...Object.fromEntries(to.searchParams) });
    return show(asked);
  };
  const change = (changes) => {
    const asked = query();
    for (const [name, value] of Object.entries(changes)) {
      if (value) asked.set(name, value);
      else asked.delete(name);
    }
    // What a page of files does not follow is shown by the map, or by the page of the département.
    const moves = (name) => changes[name] && changes[name] !== query().get(name) && !kept[asked.get("page")].includes(name);
    if (moves("departement")) asked.set("page", "departement");
    else if (moves("period") || moves("indicator")) asked.set("page", about.home);
    const to = address(asked);
    return to.split("?")[0] === current() ? show(asked) : leave(to);
  };
  const send = async (changes) => {
    if ("search" in changes) return tell({ slot: ["found"], html: [await search(changes.search)] });
    if ("landmarks" in changes) return tell({ slot: ["landmarks"], html: [await load("data/landmarks.json")] });
    if ("place" in changes) return choose(Number(changes.place));
    if ("sort" in changes) return sort(changes.sort);
    return "href" in changes ? follow(changes.href) : change(changes);
  };
  app.connect = () => {
    app.connected(send);
    const asked = query();
    if (address(asked) !== address(new URLSearchParams({ ...first, page: here, lang, ...(own && { departement: own }) }))) show(asked);
  };

  // ------------------------------------------------------------------ places, as in data/gazetteer.py
  const MOST = 8, LONGEST = 32;
  let places = null;
  const plain = (text) => app.plain(text).replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/[^a-z0-9]+/g, " ").replace(/\bst\b/g, "saint").replace(/\bste\b/g, "sainte").trim();
  const gather = async () => {
    const found = await data("places.json"), connectives = new Set(found.connectives);
    const columns = Object.fromEntries(["name", "code", "postcodes", "commune"].map((name) => [name, found[name].split("\n")]));
    const starts = [];
    columns.name.forEach((name, i) => {
      const parts = plain(name).split(" ");
      parts.forEach((part, at) => {
        if (at === 0 || !connectives.has(part)) starts.push({ i, text: parts.slice(at).join(" ").slice(0, LONGEST), inside: at > 0 && !parts.slice(0, at).every((each) => found.openings.includes(each)) });
      });
    });
    return { ...columns, kind: found.kind, connectives, starts };
  };
  // Letters that differ where `name` begins `text`: one too many, missing, another, or two swapped.
  const errors = (name, text, most) => {
    let before = [], last = Array.from({ length: text.length + 1 }, (_, j) => j);
    for (let i = 1; i <= name.length; i++) {
      const line = [i];
      for (let j = 1; j <= text.length; j++) {
        line[j] = Math.min(last[j] + 1, line[j - 1] + 1, last[j - 1] + (name[i - 1] !== text[j - 1]));
        if (i > 1 && j > 1 && name[i - 1] === text[j - 2] && name[i - 2] === text[j - 1]) line[j] = Math.min(line[j], before[j - 2] + 1);
      }
      if (Math.min(...line) > most) return most + 1;
      [before, last] = [last, line];
    }
    return Math.min(...last);
  };
  const named = (name, among) => {
    const all = among ? places.starts.filter(({ i }) => among(i)) : places.starts;
    let hits = all.filter(({ text }) => text.startsWith(name)).map((each) => ({ ...each, off: 0 }));
    if (!hits.length && name.length > 2) {
      const most = name.length < 4 ? 1 : name.length < 8 ? 2 : 3;
      hits = all.map((each) => ({ ...each, off: errors(name, each.text.slice(0, name.length + most), most) })).filter(({ off }) => off <= most);
    }
    // Places are in the order of their kind and of their inhabitants.
    hits.sort((x, y) => x.off - y.off || x.inside - y.inside || (x.text.length !== name.length) - (y.text.length !== name.length) || x.i - y.i);
    return [...new Map(hits.map((each) => [each.i, each])).values()];
  };
  const numbered = (number) => (i) => (places.kind[i] === "0" ? places.code[i].startsWith(number.toUpperCase()) : places.postcodes[i].split(" ").some((each) => each.startsWith(number)));
  const lookUp = (typedText) => {
    const whole = plain(typedText), numbers = whole.match(/\b(?:\d{1,5}|2[ab])\b/g) ?? [];
    const name = whole.replace(/\b(?:\d{1,5}|2[ab])\b/g, " ").replace(/\s+/g, " ").trim();
    if (numbers.length && !name) return places.name.flatMap((_, i) => (numbered(numbers[0])(i) ? [{ i, off: 0 }] : []));
    const called = numbers.length ? places.starts.filter(({ text }) => text.startsWith(whole)).map((each) => ({ ...each, off: 0 })) : [];
    if (called.length) return called; // a name that holds a number: Lyon 3e Arrondissement
    if (numbers.length) return named(name, (i) => (places.kind[i] === "0" ? false : numbers.every((each) => numbered(each)(i) || places.code[i] === each.toUpperCase())));
    const found = named(name);
    if (found.length && found[0].off === 0) return found;
    return within(name) ?? found;
  };
  // Words without those that only lead up to a name: `dans la`, `en`, `l`.
  const bare = (parts) => parts.slice(Math.max(0, parts.findIndex((each) => each !== "dans" && !places.connectives.has(each)))).join(" ");
  // `Saint-Denis Réunion`: a département or a région follows the name.
  const within = (name) => {
    const parts = name.split(" ");
    for (let at = 1; at < parts.length; at++) {
      const end = bare(parts.slice(at));
      const codes = names.codes.filter((_, i) => [names.names[i], names.regions[i]].some((each) => bare(plain(each).split(" ")) === end));
      const found = codes.length ? named(parts.slice(0, at).join(" "), (i) => places.kind[i] > "1" && codes.includes(places.code[i])) : [];
      if (found.length) return found;
    }
    return null;
  };
  const detail = (i) => {
    const kind = places.kind[i], code = places.code[i], at = names.codes.indexOf(code);
    if (kind === "1") return words.region;
    if (kind === "0") return words.departement.replace("CODE", code).replace("REGION", names.regions[at]);
    const inside = words.within.replace("NAME", names.names[at]).replace("CODE", code);
    return places.commune[i] ? words.part.replace("COMMUNE", places.commune[i]).replace("WITHIN", inside) : [places.postcodes[i].split(" ")[0], inside].filter(Boolean).join(" ");
  };
  const search = async (text) => {
    places ??= await gather();
    const found = lookUp(text), shown = found.slice(0, MOST), exact = Boolean(found.length) && found[0].off === 0;
    const key = !shown.length ? "nothing" : !exact ? "near" : found.length > MOST ? "more" : shown.length > 1 ? "many" : "one";
    return JSON.stringify({ text, exact, said: words[key].replace("TEXT", text).replace("NUMBER", shown.length), options: shown.map(({ i }) => ({ place: i, name: places.name[i], detail: detail(i) })) });
  };
  const choose = (i) => {
    if (places.kind[i] === "1") return leave(address(new URLSearchParams({ page: "bulletins", region: places.code[i], lang })));
    return change({ departement: places.code[i] });
  };
})();
