// The values of a line figure at the pointer, and by the arrow keys: what the kernel wrote beside it, at its places.
const NEAR = 60; // pixels from a point beyond which the pointer asks for nothing

function named(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

async function values([address]) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} did not load (${answer.status})`);
  return answer.json();
}

export default async function begin(figure, addresses, latest) {
  const { size, panels } = await values(addresses);
  const mark = named("span", "mlblog-mark");
  const box = named("div", "mlblog-readout");
  const said = named("div", "mlblog-said");
  said.setAttribute("aria-live", "polite");
  box.setAttribute("aria-hidden", "true");
  mark.hidden = box.hidden = true;
  figure.append(mark, box, said);
  let here = null; // the panel, the series and the place in it that are read out

  const image = () => [...figure.querySelectorAll("img")].find((one) => one.offsetWidth);

  // where a point is in the window
  function place([x, y]) {
    const { left, top, width, height } = image().getBoundingClientRect();
    return [left + (x / size[0]) * width, top + (y / size[1]) * height];
  }

  function nearest(x, y) {
    let [found, least] = [null, NEAR ** 2];
    panels.forEach(({ series }, panel) =>
      series.forEach(({ at }, line) =>
        at.forEach((point, index) => {
          const [a, b] = place(point);
          const away = (a - x) ** 2 + (b - y) ** 2;
          if (away < least) [found, least] = [{ panel, line, index }, away];
        }),
      ),
    );
    return found;
  }

  // the point of a line that is above or below another one
  function beside(one, [x]) {
    const index = one.at.findIndex(([other]) => Math.abs(other - x) < 0.15);
    return index < 0 ? null : index;
  }

  function words(one, index) {
    const ends = one.ends?.[index];
    return ends ? `${one.y[index]} (${ends[0]} to ${ends[1]})` : one.y[index];
  }

  function show(chosen, hint = "") {
    here = chosen;
    mark.hidden = box.hidden = !here;
    if (!here) return;
    const { name, x, series } = panels[here.panel];
    const point = series[here.line].at[here.index];
    const rows = named("table", "mlblog-values");
    series.forEach((one, line) => {
      const index = line === here.line ? here.index : beside(one, point);
      if (index === null) return;
      const row = rows.insertRow();
      row.className = line === here.line ? "mlblog-here" : "";
      row.insertCell().textContent = one.name;
      row.insertCell().textContent = words(one, index);
    });
    const head = `${x || "x"}: ${series[here.line].x[here.index]}`;
    box.replaceChildren(named("p", "", head), rows, ...(hint ? [named("p", "mlblog-hint", hint)] : []));
    put(place(point));
    return `${panels.length > 1 && name ? `${name}, ` : ""}${series[here.line].name || "y"} ${words(series[here.line], here.index)}, ${head}`;
  }

  // the box beside the point, within the figure's width, and above the point where there is room
  function put([x, y]) {
    const around = figure.getBoundingClientRect();
    mark.style.left = `${x - around.left}px`;
    mark.style.top = `${y - around.top}px`;
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    const isRight = x + 14 + width <= around.right;
    const left = isRight ? x + 14 : Math.max(around.left, x - 14 - width);
    const isAbove = y - 10 - height >= 60; // below the page's header
    box.style.left = `${left - around.left}px`;
    box.style.top = `${(isAbove ? y - 10 - height : y + 14) - around.top}px`;
  }

  function hide() {
    show(null);
    said.textContent = "";
  }

  const isSame = (one) => one && here && ["panel", "line", "index"].every((key) => one[key] === here[key]);

  function point(event) {
    if (event.pointerType !== "touch") show(nearest(event.clientX, event.clientY));
  }

  // a finger reads first; a second tap at the same place enlarges, as a click does
  function tap(event) {
    if (event.pointerType !== "touch") return;
    const found = nearest(event.clientX, event.clientY);
    if (found && !isSame(found)) {
      event.stopPropagation();
      show(found, "Tap again to enlarge");
    } else {
      hide();
    }
  }

  function step(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Escape") hide();
    if (!moves || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (!here) {
      said.textContent = show({ panel: 0, line: 0, index: 0 });
      return;
    }
    const lines = panels.flatMap(({ series }, panel) => series.map((one, line) => ({ panel, line, one })));
    const now = lines.findIndex(({ panel, line }) => panel === here.panel && line === here.line);
    const { panel, line, one } = lines[(now + moves[0] + lines.length) % lines.length];
    const last = one.at.length - 1;
    let index = Math.min(last, Math.max(0, here.index + moves[1]));
    if (moves[0]) index = closest(one, panels[here.panel].series[here.line].at[here.index]);
    said.textContent = show({ panel, line, index });
  }

  function closest(one, [x]) {
    const away = one.at.map(([other]) => Math.abs(other - x));
    return away.indexOf(Math.min(...away));
  }

  figure.addEventListener("pointermove", point);
  figure.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && hide());
  figure.addEventListener("click", tap, true);
  figure.addEventListener("keydown", step);
  figure.addEventListener("focusout", hide);
  for (const one of figure.querySelectorAll("img")) {
    one.parentElement.addEventListener("scroll", hide);
  }
  addEventListener("resize", hide);
  const event = latest();
  if (event.type === "keydown") step(event);
  else if (event.type === "click") tap(event);
  else if (event.clientX !== undefined) point(event);
}
