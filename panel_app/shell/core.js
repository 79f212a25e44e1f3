// The channel to the session: it sends what the reader does, and updates the slots that change.
"use strict";
const app = (() => {
  const root = document.documentElement;
  const about = JSON.parse(document.getElementById("about-page").textContent);
  const on = { slot: {}, main: [], click: [], change: [], input: [], key: [], address: [] };
  const waiting = [];
  let asked = null, told = null, state = {}, count = 0;

  const model = (name) => {
    for (const each of window.Bokeh?.documents ?? []) {
      const found = each.get_model_by_name(name);
      if (found) return found;
    }
    return null;
  };

  const ask = (changes) => {
    if (root.dataset.line) return; // lost: nobody would answer
    root.dataset.asking = "yes";
    if (!asked) return waiting.push(changes);
    const name = Object.keys(changes);
    count += 1; // What is asked twice is two questions: data that are the same as before are not sent.
    asked.data = { name, value: Object.values(changes).map(String), time: name.map(() => count) };
  };

  // As a step to another page, to which the back button leads.
  const askOn = (changes) => {
    pushing = true;
    ask(changes);
  };

  const place = (name) => document.querySelector(`[data-slot="${name}"]`);
  const read = (name) => {
    const text = place(name)?.textContent;
    return text ? JSON.parse(text) : null;
  };

  // Styles of single elements: the policy takes them from scripts, not from HTML.
  const dress = (element) => {
    for (const each of element.querySelectorAll("[data-style]")) each.style.cssText = each.dataset.style;
  };

  // When a slot is filled again, open parts stay open and the focus stays.
  const fill = (element, html) => {
    const open = [...element.querySelectorAll("details")].map((each) => each.open);
    const focus = element.contains(document.activeElement) ? trail(element, document.activeElement) : null;
    if (element.tagName === "SCRIPT") element.textContent = html;
    else element.innerHTML = html;
    dress(element);
    element.querySelectorAll("details").forEach((each, i) => { each.open = Boolean(open[i]); });
    if (focus) element.querySelectorAll(focus.selector)[focus.index]?.focus({ preventScroll: true });
  };
  const trail = (element, focused) => {
    const selector = focused.tagName.toLowerCase() + (focused.id ? `#${CSS.escape(focused.id)}` : "");
    return { selector, index: [...element.querySelectorAll(selector)].indexOf(focused) };
  };

  let pushing = false;
  const special = {
    query: (text) => {
      if (text !== window.location.search) window.history[pushing ? "pushState" : "replaceState"](null, "", text);
      pushing = false;
      links();
    },
    title: (text) => { document.title = text; },
    state: (text) => { state = JSON.parse(text); root.dataset.page = state.page; },
    reload: () => window.location.reload(),
    go: (text) => { window.location.search = text; },
    main: (html) => {
      fill(place("main"), html);
      begin();
      if (pushing) {
        window.scrollTo(0, 0);
        place("main").focus({ preventScroll: true });
      }
    },
  };

  const tell = ({ slot, html }) => {
    delete root.dataset.asking;
    slot.forEach((name, i) => {
      if (name in special) return special[name](html[i]);
      const element = place(name);
      if (element) fill(element, html[i]);
      on.slot[name]?.forEach((each) => each(html[i]));
    });
    if (!slot.includes("main")) on.slot.any?.forEach((each) => each(slot));
    root.dataset.told = String(Number(root.dataset.told ?? 0) + 1);
    performance.mark("told", { detail: slot.join() });
  };

  // The links to the pages contain the selection, so that they can be opened in another tab.
  const links = () => {
    for (const link of document.querySelectorAll("[data-page-link], [data-lang-link]")) {
      const query = new URLSearchParams(window.location.search);
      if (link.dataset.langLink) query.set("lang", link.dataset.langLink);
      else if (link.dataset.pageLink === about.home) query.delete("page");
      else query.set("page", link.dataset.pageLink);
      link.href = `?${query}`;
      if (link.dataset.pageLink) {
        const here = (query.get("page") ?? about.home) === root.dataset.page;
        if (here && link.parentNode.tagName === "NAV") link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    }
    on.address.forEach((each) => each(new URLSearchParams(window.location.search)));
  };

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

  // Rows without the searched text are hidden; the search is repeated when a slot is filled again.
  const sift = (box) => {
    const table = document.querySelector(box.dataset.filter);
    const wanted = plain(box.value);
    for (const row of table?.tBodies[0].rows ?? []) row.hidden = !plain(row.textContent).includes(wanted);
  };
  on.slot.any = [() => document.querySelectorAll("[data-filter]").forEach((each) => { if (each.value) sift(each); })];
  on.main.push(() => {
    for (const each of document.querySelectorAll("textarea[data-site]")) {
      const api = new URL("api/", window.location.href).href;
      each.value = each.textContent.replaceAll("https://example.org/api/", api).replace("https://example.org/", `${window.location.origin}${window.location.pathname}`);
    }
  });

  const begin = () => {
    links();
    const here = document.querySelector("nav [aria-current]");
    if (here) here.parentNode.scrollLeft = here.offsetLeft - here.parentNode.offsetLeft - 16;
    on.main.forEach((each) => each());
  };

  document.addEventListener("click", (event) => {
    for (const each of on.click) if (each(event)) return;
    const inNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    const link = event.target.closest("a[data-ask], a[data-page-link]");
    if (link) {
      if (inNewTab || (link.dataset.pageLink && link.closest(".slim"))) return;
      event.preventDefault();
      pushing = "push" in link.dataset || "pageLink" in link.dataset;
      return ask({ href: link.getAttribute("href") });
    }
    const button = event.target.closest("[data-ask-params]");
    if (button) return ask(JSON.parse(button.dataset.askParams));
    const notice = event.target.closest("[data-dismiss]");
    if (notice) return notice.parentNode.remove();
  });

  document.addEventListener("change", (event) => {
    for (const each of on.change) if (each(event)) return;
    const { param, paramToggle } = event.target.dataset;
    if (param) return ask({ [param]: event.target.value });
    if (paramToggle) {
      const now = new URLSearchParams(window.location.search).get(paramToggle)?.split(",").filter(Boolean) ?? [];
      const { value, checked } = event.target;
      return ask({ [paramToggle]: checked ? [...now, value].join() : now.filter((each) => each !== value).join() });
    }
  });

  document.addEventListener("input", (event) => {
    for (const each of on.input) if (each(event)) return;
    if (event.target.dataset.filter) sift(event.target);
  });

  // At the foot of a printed page.
  window.addEventListener("beforeprint", () => root.style.setProperty("--address", JSON.stringify(window.location.href)));
  window.addEventListener("popstate", () => ask({ href: window.location.search || "?" }));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (event.key === "/" && !event.target.matches("input, select, textarea")) {
      event.preventDefault();
      document.getElementById("place")?.focus();
      return;
    }
    for (const each of on.key) if (each(event)) return;
  });

  const connect = () => {
    asked = model("asked");
    told = model("told");
    if (!asked || !told) return requestAnimationFrame(connect);
    told.properties.data.change.connect(() => tell(told.data));
    told.document.on_event("connection_lost", lost);
    root.dataset.ready = "yes";
    performance.mark("ready");
    waiting.splice(0).forEach(ask);
  };

  // A lost connection is shown once. When the server answers again the page is reloaded; the selection
  // is in its address.
  const lost = () => {
    root.dataset.line = "lost";
    delete root.dataset.asking;
    const notices = place("notice");
    if (notices.querySelector(".lost")) return;
    notices.innerHTML = "";
    const box = document.createElement("div"), text = document.createElement("p"), again = document.createElement("button");
    box.className = "notice lost";
    text.textContent = about.words.lost;
    again.textContent = about.words.again;
    again.type = "button";
    again.addEventListener("click", () => window.location.reload());
    box.append(text, again);
    notices.append(box);
    // Not if connections break at once, because the page would reload for ever.
    if (performance.now() > STEADY_MS) mend(1000);
  };
  const STEADY_MS = 5000;
  const mend = async (wait) => {
    await new Promise((rest) => setTimeout(rest, wait));
    const { src } = document.querySelector("script[src]");
    const answer = document.hidden ? null : await fetch(src, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer?.ok) window.location.reload();
    else mend(Math.min(2 * wait, 30000));
  };

  const start = () => {
    root.dataset.page ||= about.home;
    dress(document);
    begin();
    if (about.query && window.location.search !== about.query) window.history.replaceState(null, "", about.query + window.location.hash);
    links();
    connect();
  };

  return { about, ask, askOn, on, place, read, fill, start, lost, model, plain, root };
})();
