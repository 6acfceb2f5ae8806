"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = Object.fromEntries(data.columns.map((name, number) => [name, number]));
  const { severities, environments, projects, rows } = data;
  const CHUNK = 200; // rows added at a time while scrolling
  const PRINTED = 1000; // rows on paper at most
  const STATES = {
    outdated: "outdated", failed: "could not be looked up", current: "up to date", ignored: "ignored by policy",
    "not-comparable": "not comparable", "not-found": "not found", unchecked: "not looked up",
  };
  const get = (id) => document.getElementById(id);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const count = new Intl.NumberFormat("en");
  const keyOf = (environment) => (environment.host ? environment.host + ":" : "") + environment.path;

  // Every text goes through here or through an attribute: nothing is ever parsed as markup.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    for (const child of children) if (child !== null && child !== "") element.append(child);
    return element;
  }
  function shape(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const dot = (name) => shape("svg", { class: "dot", width: 10, height: 10, "aria-hidden": "true" },
    shape("rect", { class: "fill-" + name, width: 10, height: 10, rx: 3 }));
  const plural = (number, word) => `${count.format(number)} ${word}${number === 1 ? "" : "s"}`;
  const link = (view, key, text) => make("a", { href: `#/${view}/${encodeURIComponent(key)}` }, text);
  function age(days) {
    if (days === null) return "";
    if (days < 60) return plural(Math.max(Math.floor(days), 0), "day");
    return days < 730 ? plural(Math.floor(days / 30.44), "month") : `${(days / 365.25).toFixed(1)} years`;
  }
  function bar(counts, scale, height) {
    const svg = shape("svg", { class: "mini", width: "100%", height, role: "img" });
    const said = [];
    let start = 0;
    counts.forEach((number, index) => {
      if (!number) return;
      const size = (100 * number) / scale;
      svg.append(shape("rect", { class: "fill-" + severities[index], x: start + "%", width: size + "%", height }));
      said.push(`${severities[index]} ${number}`);
      start += size;
    });
    svg.setAttribute("aria-label", said.join(", ") || "none outdated");
    return svg;
  }

  // --- what the tables show
  const most = environments.reduce((high, environment) => Math.max(high, environment.outdated), 1);
  const severityCell = (index) => index === null || index >= severities.length ? "" :
    make("span", { class: "severity" }, dot(severities[index]), severities[index]);
  const notesCell = (notes) => {
    const cell = document.createDocumentFragment();
    notes.forEach(([kind, text], index) => cell.append(index ? "; " : "", kind ? make("span", { class: kind }, text) : text));
    return cell;
  };
  const text = (column) => ({ sort: (row) => row[at[column]], show: (row) => row[at[column]] });
  const PACKAGES = [
    { title: "Package", name: "package", style: "name", sort: (row) => projects[row[at.project]].name,
      show: (row) => link("project", projects[row[at.project]].name, projects[row[at.project]].name) },
    { title: "Environment", name: "environment", style: "path", sort: (row) => keyOf(environments[row[at.environment]]),
      show: (row) => link("environment", keyOf(environments[row[at.environment]]), keyOf(environments[row[at.environment]])) },
    { title: "Installed", name: "version", style: "version", ...text("version") },
    { title: "Wanted", name: "wanted", optional: true, style: "version", ...text("wanted") },
    { title: "Latest", name: "latest", optional: true, style: "version", ...text("latest") },
    { title: "Severity", name: "severity", optional: true, sort: (row) => row[at.severity] ?? Infinity, show: (row) => severityCell(row[at.severity]) },
    { title: "Age", name: "age", optional: true, style: "number", down: true, sort: (row) => row[at.age] ?? -1, show: (row) => age(row[at.age]) },
    { title: "Libyears", name: "libyears", optional: true, style: "number", down: true, sort: (row) => row[at.libyears] ?? -1,
      show: (row) => row[at.libyears] === null ? "" : row[at.libyears].toFixed(2) },
    { title: "Notes", name: "notes", optional: true, style: "notes", sort: (row) => row[at.notes].map((note) => note[1]).join("; "),
      show: (row) => notesCell(row[at.notes]) },
  ];
  const versions = (project) => project.versions.slice(0, 4).map(([version, held]) =>
    project.versions.length > 1 ? `${version} (${held})` : version).join(", ") +
    (project.versions.length > 4 ? ` and ${project.versions.length - 4} more` : "");
  const PROJECTS = [
    { title: "Project", name: "package", style: "name", sort: (p) => p.name, show: (p) => link("project", p.name, p.name) },
    { title: "Installed in", name: "held", style: "number", down: true, sort: (p) => p.held, show: (p) => count.format(p.held) },
    { title: "Outdated in", name: "outdated", style: "number", down: true, sort: (p) => p.outdated, show: (p) => p.outdated ? count.format(p.outdated) : "" },
    { title: "Versions", name: "versions", style: "notes", down: true, sort: (p) => p.versions.length, show: versions },
    { title: "Latest", name: "latest", optional: true, style: "version", sort: (p) => p.latest, show: (p) => p.latest },
    { title: "Worst", name: "severity", sort: (p) => p.severity, show: (p) => severityCell(p.severity) },
    { title: "Age", name: "age", optional: true, style: "number", down: true, sort: (p) => p.age ?? -1, show: (p) => age(p.age) },
    { title: "Libyears", name: "libyears", optional: true, style: "number", down: true, sort: (p) => p.libyears, show: (p) => p.libyears ? p.libyears.toFixed(1) : "" },
  ];
  const ENVIRONMENTS = [
    { title: "Environment", name: "environment", style: "name wide", sort: keyOf, show: (e) => link("environment", keyOf(e), keyOf(e)) },
    { title: "Kind", name: "kind", style: "tight", sort: (e) => e.kind, show: (e) => e.kind },
    { title: "Python", name: "python", style: "tight", sort: (e) => e.python, show: (e) => e.python },
    { title: "Owner", name: "owner", optional: true, style: "tight", sort: (e) => e.owner, show: (e) => e.owner },
    { title: "Packages", name: "packages", style: "number", down: true, sort: (e) => e.packages, show: (e) => count.format(e.packages) },
    { title: "Outdated", name: "outdated", style: "number", down: true, sort: (e) => e.outdated, show: (e) => count.format(e.outdated) },
    { title: "By severity", name: "severity", down: true, sort: (e) => e.severity.reduce((sum, number) => sum * 1000 + Math.min(number, 999), 0),
      show: (e) => bar(e.severity, most, 10) },
    { title: "Libyears", name: "libyears", optional: true, style: "number", down: true, sort: (e) => e.libyears, show: (e) => e.libyears.toFixed(1) },
    { title: "Problems", name: "problems", optional: true, style: "number", down: true, sort: (e) => e.problems.length, show: (e) => e.problems.length ? count.format(e.problems.length) : "" },
    { title: "Failed", name: "failed", optional: true, style: "number", down: true, sort: (e) => e.failed,
      show: (e) => e.failed ? make("span", { class: "bad" }, count.format(e.failed)) : "" },
  ];
  const PROBLEMS = [
    { title: "Problem", name: "code", style: "name", sort: (p) => p.code, show: (p) => p.code },
    { title: "Environment", name: "environment", style: "path", sort: (p) => p.environment, show: (p) => link("environment", p.environment, p.environment) },
    { title: "Where", name: "where", style: "path", sort: (p) => p.where, show: (p) => p.where },
    { title: "What", name: "detail", style: "notes", sort: (p) => p.detail, show: (p) => p.detail },
  ];
  const problems = environments.flatMap((environment) => environment.problems.map(([code, where, detail]) =>
    ({ code, where, detail, environment: keyOf(environment) })));
  const VIEWS = {
    packages: { items: rows, columns: PACKAGES, noun: "package", order: ["severity", false],
      text: (row) => [projects[row[at.project]].name, keyOf(environments[row[at.environment]]), environments[row[at.environment]].owner,
        row[at.version], row[at.latest], ...row[at.notes].map((note) => note[1])].join("\n").toLowerCase() },
    projects: { items: projects, columns: PROJECTS, noun: "project", order: ["outdated", true],
      text: (project) => [project.name, project.latest, ...project.versions.map((pair) => pair[0])].join("\n").toLowerCase() },
    environments: { items: environments, columns: ENVIRONMENTS, noun: "environment", order: ["outdated", true],
      text: (e) => [keyOf(e), e.kind, e.python, e.owner].join("\n").toLowerCase() },
    problems: { items: problems, columns: PROBLEMS, noun: "problem", order: ["code", false],
      text: (problem) => Object.values(problem).join("\n").toLowerCase() },
  };

  // --- sorting and filtering: whole columns are ranked once, then only numbers are compared
  function ranks(view, column) {
    column.ranks ??= (() => {
      const values = view.items.map(column.sort);
      if (values.every((value) => typeof value === "number")) return Float64Array.from(values);
      const order = new Map([...new Set(values)].sort(collator.compare).map((value, index) => [value, index]));
      return Float64Array.from(values, (value) => value === "" ? Infinity : order.get(value));
    })();
    return column.ranks;
  }
  function sorted(view, chosen, name, down) {
    const column = view.columns.find((candidate) => candidate.name === name);
    const rank = ranks(view, column);
    // Nothing to compare (an empty text) stays at the end in both directions.
    const first = (a, b) => rank[a] === Infinity || rank[b] === Infinity ? rank[a] - rank[b] || 0 : down ? rank[b] - rank[a] : rank[a] - rank[b];
    const second = view === VIEWS.packages && name !== "age" ? ranks(view, view.columns.find((c) => c.name === "age")) : null;
    return chosen.sort((a, b) => (rank[a] === rank[b] ? 0 : first(a, b)) || (second ? second[b] - second[a] : 0) || a - b);
  }
  function filtered(view) {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) view.texts ??= view.items.map(view.text);
    const packages = view === VIEWS.packages;
    const chosen = [];
    for (let index = 0; index < view.items.length; index++) {
      const item = view.items[index];
      if (packages) {
        if (state.environment !== null && item[at.environment] !== state.environment) continue;
        if (state.project !== null && item[at.project] !== state.project) continue;
        if (state.state && item[at.state] !== state.state) continue;
        if (state.severities.size && !state.severities.has(item[at.severity])) continue;
      }
      if (words.length && !words.every((word) => view.texts[index].includes(word))) continue;
      chosen.push(index);
    }
    return chosen;
  }

  // --- the table on the page
  const state = { view: "packages", query: "", state: "", severities: new Set(), environment: null, project: null, order: {} };
  let shown = [];
  let body = null;
  let drawn = 0;
  const sentinel = make("div", { "aria-hidden": "true" });

  function draw() {
    const view = VIEWS[state.view];
    const [name, down] = state.order[state.view] || view.order;
    shown = sorted(view, filtered(view), name, down);
    const hidden = new Set();
    if (state.view === "packages" && state.environment !== null) hidden.add("environment");
    if (state.view === "packages" && state.project !== null) hidden.add("package");
    // A column that says nothing of any row is left out: what was not asked for (ages, wanted) takes no room.
    const columns = view.columns.filter((column) => !hidden.has(column.name) &&
      !(column.optional && ranks(view, column).every((rank) => rank === Infinity || (column.down && rank <= 0))));
    view.visible = columns;
    const head = make("tr");
    for (const column of columns) {
      const button = make("button", { type: "button", "data-sort": column.name }, column.title);
      const direction = column.name !== name ? "none" : down ? "descending" : "ascending";
      head.append(make("th", { scope: "col", class: column.style === "number" ? "number" : "", "aria-sort": direction, "data-title": column.title }, button));
    }
    body = make("tbody");
    drawn = 0;
    const table = make("table", { "aria-label": view.noun + "s" }, make("thead", null, head), body);
    get("place").replaceChildren(shown.length ? table : make("p", { class: "empty" }, "Nothing matches."), sentinel);
    get("shown").textContent = shown.length === view.items.length ? plural(shown.length, view.noun) :
      `${count.format(shown.length)} of ${plural(view.items.length, view.noun)}`;
    more(CHUNK);
  }
  function more(number) {
    const view = VIEWS[state.view];
    const fragment = document.createDocumentFragment();
    const end = Math.min(drawn + number, shown.length);
    for (; drawn < end; drawn++) {
      const row = make("tr");
      for (const column of view.visible) row.append(make("td", column.style ? { class: column.style } : null, column.show(view.items[shown[drawn]])));
      fragment.append(row);
    }
    body.append(fragment);
  }
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && drawn < shown.length) {
      more(CHUNK);
      observeAgain();
    }
  }, { rootMargin: "1200px" }).observe(sentinel);
  // An observer tells of changes only: when the new rows do not push the sentinel away, look again.
  function observeAgain() {
    requestAnimationFrame(() => {
      if (drawn < shown.length && sentinel.getBoundingClientRect().top < innerHeight + 1200) { more(CHUNK); observeAgain(); }
    });
  }

  // --- one environment, one project
  function facts(pairs) {
    const list = make("dl", { class: "facts" });
    for (const [term, value] of pairs) if (value !== "" && value !== null) list.append(make("div", null, make("dt", null, term), make("dd", null, value)));
    return list;
  }
  function detail() {
    const place = get("detail");
    const environment = state.environment === null ? null : environments[state.environment];
    const project = state.project === null ? null : projects[state.project];
    place.hidden = !environment && !project;
    get("overview").hidden = !place.hidden;
    if (place.hidden) return place.replaceChildren();
    const back = make("a", { class: "back", href: environment ? "#/environments" : "#/projects" }, "← all " + (environment ? "environments" : "projects"));
    const title = make("h2", null, make("bdi", null, environment ? keyOf(environment) : project.name));
    if (environment) {
      const e = environment;
      place.replaceChildren(back, title, facts([["Kind", e.kind], ["Python", e.python], ["Owner", e.owner], ["Base interpreter", e.base],
        ["Last change", e.changed], ["Packages", count.format(e.packages)], ["Up to date", count.format(e.current)],
        ["Outdated", count.format(e.outdated)], ["Libyears behind", e.libyears ? e.libyears.toFixed(1) : ""],
        ["Could not be looked up", e.failed ? make("span", { class: "bad" }, count.format(e.failed)) : ""]]), bar(e.severity, Math.max(e.outdated, 1), 12),
        make("ul", { class: "legend" }, ...severities.flatMap((name, index) => e.severity[index] ?
          [make("li", null, dot(name), name, " ", make("b", null, count.format(e.severity[index])))] : [])));
      if (e.problems.length) place.append(make("ul", { class: "troubles" }, ...e.problems.map(([code, where, why]) =>
        make("li", null, `${code}: ${where}${why ? ` (${why})` : ""}`))));
    } else {
      place.replaceChildren(back, title, facts([["Latest", project.latest], ["Installed in", plural(project.held, "environment")],
        ["Outdated in", count.format(project.outdated)], ["Oldest", age(project.age)], ["Libyears behind", project.libyears ? project.libyears.toFixed(1) : ""],
        ["Could not be looked up", project.failed ? make("span", { class: "bad" }, count.format(project.failed)) : ""]]),
        make("ul", { class: "pills", "aria-label": "Installed versions" }, ...project.versions.map(([version, held]) =>
          make("li", null, make("b", null, version), ` × ${count.format(held)}`))));
    }
  }

  // --- the address says what is shown: #/packages?q=…&state=…&severity=…, #/environment/KEY, #/project/NAME
  function route() {
    const match = /^#\/([a-z]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(location.hash);
    if (!match && body && location.hash.length > 1) return; // an anchor on the page
    const [, view, rest, query] = match || [null, "packages"];
    let key = "";
    try { key = decodeURIComponent(rest || ""); } catch { key = rest; }
    const environment = view === "environment" ? environments.findIndex((e) => keyOf(e) === key) : -1;
    const project = view === "project" ? projects.findIndex((p) => p.name.toLowerCase() === key.toLowerCase()) : -1;
    const parameters = new URLSearchParams(query || "");
    const moved = state.environment !== (environment < 0 ? null : environment) || state.project !== (project < 0 ? null : project);
    state.view = Object.hasOwn(VIEWS, view) ? view : "packages";
    state.environment = environment < 0 ? null : environment;
    state.project = project < 0 ? null : project;
    state.query = parameters.get("q") || "";
    state.state = parameters.get("state") || "";
    state.severities = new Set((parameters.get("severity") || "").split(",").map((name) => severities.indexOf(name)).filter((index) => index >= 0));
    controls();
    detail();
    draw();
    if (moved && (environment >= 0 || project >= 0)) scrollTo({ top: 0, behavior: "instant" });
    else if (match && document.activeElement?.closest?.(".cards, .chart")) get("tables").scrollIntoView();
  }
  function remember() {
    const parameters = new URLSearchParams();
    if (state.query) parameters.set("q", state.query);
    if (state.state) parameters.set("state", state.state);
    if (state.severities.size) parameters.set("severity", [...state.severities].map((index) => severities[index]).join(","));
    const place = state.environment !== null ? "environment/" + encodeURIComponent(keyOf(environments[state.environment])) :
      state.project !== null ? "project/" + encodeURIComponent(projects[state.project].name) : state.view;
    const tail = parameters.toString();
    history.replaceState(null, "", `#/${place}${tail ? "?" + tail : ""}`);
  }
  function controls() {
    for (const tab of document.querySelectorAll(".tabs a")) {
      const current = tab.dataset.view === state.view && state.environment === null && state.project === null;
      if (current) tab.setAttribute("aria-current", "page"); else tab.removeAttribute("aria-current");
    }
    const packages = state.view === "packages";
    get("state-label").hidden = !packages || get("state").options.length < 3;
    get("severities").hidden = !packages || get("severities").children.length < 2;
    if (get("query").value !== state.query) get("query").value = state.query;
    get("state").value = state.state;
    for (const box of get("severities").querySelectorAll("input")) box.checked = state.severities.has(Number(box.value));
  }

  // --- start
  const present = new Set(rows.map((row) => row[at.state]));
  for (const [value, words] of Object.entries(STATES)) if (present.has(value)) get("state").append(make("option", { value }, words));
  const used = new Set(rows.map((row) => row[at.severity]));
  severities.forEach((name, index) => {
    if (used.has(index)) get("severities").append(make("label", { class: "chip" }, make("input", { type: "checkbox", value: index }), make("span", null, dot(name), name)));
  });
  let waiting = 0;
  get("query").addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { state.query = get("query").value; remember(); draw(); });
  });
  get("state").addEventListener("change", () => { state.state = get("state").value; remember(); draw(); });
  get("severities").addEventListener("change", () => {
    state.severities = new Set([...get("severities").querySelectorAll("input:checked")].map((box) => Number(box.value)));
    remember();
    draw();
  });
  get("filters").addEventListener("submit", (event) => event.preventDefault());
  get("place").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-sort]");
    if (!button) return;
    const view = VIEWS[state.view];
    const name = button.dataset.sort;
    const [current, down] = state.order[state.view] || view.order;
    state.order[state.view] = [name, current === name ? !down : Boolean(view.columns.find((column) => column.name === name).down)];
    draw();
    get("place").querySelector(`button[data-sort="${name}"]`).focus();
  });
  addEventListener("hashchange", route);
  addEventListener("beforeprint", () => {
    more(Math.max(PRINTED - drawn, 0));
    get("cut").textContent = drawn < shown.length ? `The first ${count.format(drawn)} of ${count.format(shown.length)} rows; filter to print others.` : "";
    get("cut").hidden = drawn >= shown.length;
  });
  addEventListener("afterprint", () => { get("cut").hidden = true; });
  get("print").hidden = false;
  get("print").addEventListener("click", () => print());
  const theme = get("theme");
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
  route();
})();
