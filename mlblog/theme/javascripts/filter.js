// Long lists of entries: a box to search them and a menu for each of their kinds. Without scripts all entries show.
// An entry is opened by a link to it, and by a link to anything within.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) {
    return;
  }
  let opened = false;
  for (let at = target; at; at = at.parentElement) {
    const closed = at.tagName === "DETAILS" && !at.open;
    opened ||= closed || at.hidden;
    at.hidden = false;
    if (closed) {
      at.open = true;
    }
  }
  if (opened) {
    target.scrollIntoView();
  }
}

function menu(name, values, changed) {
  const label = document.createElement("label");
  label.append(name, " ");
  const select = document.createElement("select");
  select.name = name;
  select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
  select.addEventListener("change", changed);
  label.append(select);
  return label;
}

function filtered(list) {
  const entries = [...list.querySelectorAll(":scope details.mlblog-entry")];
  const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));
  const kinds = list.dataset.kinds ? list.dataset.kinds.split(" ") : [];
  const of = (entry, kind) => (entry.dataset[kind] ?? "").split("|").filter(Boolean);

  const bar = document.createElement("form");
  bar.className = "mlblog-filter";
  bar.setAttribute("role", "search");
  bar.setAttribute("aria-label", "Filter the list");
  bar.addEventListener("submit", (press) => press.preventDefault());
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "search";
  box.autocomplete = "off";
  label.append("Filter ", box);
  const told = document.createElement("p");
  told.setAttribute("role", "status");

  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = [...bar.querySelectorAll("select")].filter((select) => select.value);
    let shown = 0;
    for (const entry of entries) {
      const fits =
        words.every((word) => texts.get(entry).includes(word)) &&
        chosen.every((select) => of(entry, select.name).includes(select.value));
      entry.hidden = !fits;
      shown += fits;
    }
    for (const group of list.querySelectorAll(":scope .mlblog-group")) {
      group.hidden = !group.querySelector("details.mlblog-entry:not([hidden])");
    }
    told.textContent = shown === entries.length ? `${shown} entries` : `${shown} of ${entries.length} entries`;
  };

  bar.append(label);
  for (const kind of kinds) {
    const values = [...new Set(entries.flatMap((entry) => of(entry, kind)))].sort((a, b) => a.localeCompare(b));
    bar.append(menu(kind, values, show));
  }
  bar.append(told);
  box.addEventListener("input", show);
  list.before(bar);
  // the search leads here with the words that it found
  box.value = new URLSearchParams(location.search).get("h") ?? "";
  show();
  if (entries.every((entry) => entry.hidden)) {
    box.value = "";
    show();
  }
}

document$.subscribe(() => {
  document.querySelectorAll(".mlblog-entries").forEach(filtered);
  reveal();
});
window.addEventListener("hashchange", reveal);
// a link to where the address points already changes nothing about it
document.addEventListener("click", ({ target }) => target.closest?.("a[href*='#']") && setTimeout(reveal));
