// What the pages do beyond their HTML: the live state, toasts, the theme, times that age,
// confirm-free disclosure menus. Every listener is delegated, so pushed fragments need no set-up.
// Nothing here is needed to use a page; without script each form posts and each link leads on.
(() => {
  "use strict";
  const root = document.documentElement;
  const each = (selector, act, within = document) => within.querySelectorAll(selector).forEach(act);

  // The live state: live, reconnecting or offline. The words come from the page.
  let failures = 0;
  function show(state) {
    root.dataset.live = state;
    each("[data-live-pill]", (pill) => {
      pill.hidden = false;
      pill.dataset.state = state;
      pill.classList.toggle("off", state !== "live");
      const word = pill.querySelector("[data-word]");
      const text = pill.dataset[state];
      if (word && word.textContent !== text) word.textContent = text;
    });
  }
  const lost = () => show(failures > 4 || !navigator.onLine ? "offline" : "reconnecting");
  const signIn = () => { if (document.body.dataset.login) location.assign(document.body.dataset.login); };
  const isStream = (element) => element?.hasAttribute?.("data-stream");

  document.addEventListener("htmx:sse:after:connection", () => { failures = 0; show("live"); });
  document.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt > 0) lost();
  });
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) return signIn();
    failures += 1;
    lost();
  });
  document.addEventListener("htmx:sse:close", lost);
  document.addEventListener("htmx:response:error", (event) => {
    const ctx = event.detail.ctx;
    if (ctx?.response?.status === 401) signIn();
    else if (isStream(ctx?.sourceElement)) { failures += 1; lost(); }
  });
  document.addEventListener("htmx:error", (event) => {
    if (isStream(event.detail.ctx?.sourceElement)) { failures += 1; lost(); }
  });
  addEventListener("offline", () => show("offline"));
  addEventListener("online", lost);

  // The stream cannot replay what we missed: take the page as it is now.
  document.addEventListener("resync", () => reread());

  // What was stale or missing, because a service was away, is read again when it is back. The
  // stream says which service in one word; in between, what is ill is asked for now and then.
  function reread() {
    if (!document.getElementById("main")) return;
    htmx.ajax("GET", location.href, { source: "#main", target: "#main", swap: "outerMorph", select: "#main" });
  }
  function heal(ill) {
    let page = false;
    ill.forEach((part) => { if (part.hasAttribute("hx-get")) htmx.trigger(part, "heal"); else page = true; });
    if (page) reread();
  }
  document.addEventListener("htmx:after:swap", () => {
    each("#heal [data-again]", (word) => {
      word.remove();
      heal(document.querySelectorAll(`[data-heals~="${CSS.escape(word.dataset.again)}"]`));
    });
  });
  setInterval(() => { if (!document.hidden) heal(document.querySelectorAll("[data-ill]")); }, 15000);

  // The palette: one list over groups that come one after the other; arrows walk it.
  const palette = document.getElementById("palette");
  const options = () => [...palette.querySelectorAll('[role="option"]')];
  function choose(option) {
    options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    const box = palette.querySelector("input");
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }
  function openPalette(words) {
    if (!palette || palette.open) return;
    each("details.menu[open]", (menu) => { menu.open = false; });
    palette.showModal();
    const box = palette.querySelector("input");
    box.value = words ?? "";
    box.focus();
    htmx.trigger(box, "look");
  }
  if (palette) {
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
      } else if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
        event.preventDefault();
        openPalette();
      }
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-palette]")) { event.preventDefault(); openPalette(); }
      // A click beside the dialog closes it.
      else if (event.target === palette) palette.close();
    });
    palette.addEventListener("keydown", (event) => {
      const all = options();
      const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && all.length) {
        event.preventDefault();
        choose(all[(at + step + all.length) % all.length] ?? all[0]);
      } else if (event.key === "Enter" && at >= 0) {
        event.preventDefault();
        all[at].click();
      }
    });
    palette.addEventListener("mousemove", (event) => {
      const option = event.target.closest('[role="option"]');
      if (option && option.getAttribute("aria-selected") !== "true") choose(option);
    });
    // The first hit is chosen, unless somebody has chosen already; a late group changes nothing.
    document.addEventListener("htmx:after:swap", () => {
      if (!palette.open) return;
      const chosen = options().find((one) => one.getAttribute("aria-selected") === "true");
      choose(chosen ?? options()[0]);
    });
    // Two keys lead somewhere: g and a letter.
    let before = 0;
    document.addEventListener("keydown", (event) => {
      if (palette.open || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, [contenteditable]")) return;
      if (event.key === "g") { before = Date.now(); return; }
      const way = palette.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (Date.now() - before < 1200 && way) location.assign(way.href);
      before = 0;
    });
  }

  // A session that was ended elsewhere: the server says so before it closes the stream.
  document.addEventListener("bye", signIn);

  // Toasts leave by themselves; a bad one stays until it is closed.
  function retire(toast) {
    if (toast.dataset.retired || toast.classList.contains("bad")) return;
    toast.dataset.retired = "soon";
    setTimeout(() => toast.remove(), 8000);
  }
  const toasts = document.getElementById("toasts");
  if (toasts) {
    each(".toast", retire, toasts);
    new MutationObserver(() => each(".toast", retire, toasts)).observe(toasts, { childList: true });
  }

  // A picture that does not come: the generated one behind it stays.
  document.addEventListener("error", (event) => {
    if (event.target.matches?.("img[data-art]")) event.target.remove();
  }, true);

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close) close.closest(close.dataset.close)?.remove();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const field = document.getElementById(copy.dataset.copy);
      field?.select();
      navigator.clipboard?.writeText(field?.value ?? "").then(() => { copy.textContent = copy.dataset.done; });
    }
    // One open menu at a time; a click elsewhere closes it.
    each("details.menu[open]", (menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") each("details.menu[open]", (menu) => { menu.open = false; });
  });

  // A pushed form has no token of its own, because it is drawn once for many people.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const given = document.body.getAttribute("hx-headers:inherited");
    if (form.method !== "post" || form.elements._csrf || !given) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "_csrf", value: JSON.parse(given)["X-CSRF-Token"] });
    form.append(field);
  }, true);

  // The theme changes at once; the form behind it still tells the server.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]")) return;
    event.preventDefault();
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", event.submitter?.value || (dark ? "light" : "dark"));
    if (body.get("theme") === "system") delete root.dataset.theme;
    else root.dataset.theme = body.get("theme");
    each("[data-theme-form] button[value]", (button) => {
      button.setAttribute("aria-pressed", String(button.value === body.get("theme")));
    });
    fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  });

  // Times: the server writes them in UTC with an age; here they age on and turn local.
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  function age(seconds) {
    for (const [size, unit] of units) {
      if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
    }
    return "0 s";
  }
  function tick() {
    const now = Date.now();
    each("time[data-age]", (time) => {
      const text = age(Math.max(0, (now - Date.parse(time.dateTime)) / 1000));
      const full = time.dataset.age === "ago" ? (text === "0 s" ? "just now" : `${text} ago`) : text;
      if (time.textContent !== full) time.textContent = full;
    });
  }
  function local() {
    each("time[data-local]:not([data-done])", (time) => {
      const moment = new Date(time.dateTime);
      const today = moment.toDateString() === new Date().toDateString();
      const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      time.dataset.done = "";
      time.textContent = today || time.dataset.local === "clock"
        ? clock : `${moment.toLocaleDateString([], { day: "numeric", month: "short" })} ${clock}`;
    });
  }
  setInterval(tick, 1000);
  document.addEventListener("htmx:after:swap", () => { tick(); local(); });
  local();

  // A filter box over a list: rows that do not hold the text step aside.
  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-filter]");
    if (box) filter(box);
  });
  function filter(box) {
    const wanted = box.value.trim().toLowerCase();
    each(`${box.dataset.filter} [data-name]`, (row) => {
      row.hidden = wanted !== "" && !row.dataset.name.toLowerCase().includes(wanted);
    });
  }
  document.addEventListener("htmx:after:swap", () => each("[data-filter]", (box) => { if (box.value) filter(box); }));

  if (navigator.onLine === false) show("offline");
  else if (document.querySelector("[data-stream]")) show("reconnecting");
})();
