// Points that a reader draws, and the polygon that the recurrent pointer of the post makes of them.
const CLOSE = 0.025; // nearer points are one
const STEP = 0.05; // of an arrow key
const MARGIN = 0.08; // around the unit square, for the numbers of corners
const SVG = "http://www.w3.org/2000/svg";
const STYLE = `
.ptrnet { display: flex; flex-direction: column; gap: 0.6rem; font-family: var(--sans); font-size: 0.78rem; }
.ptrnet .mlblog-controls { flex-wrap: wrap; justify-content: center; margin: 0 auto; }
.ptrnet > svg { width: 100%; max-width: 22rem; aspect-ratio: 1; margin: 0 auto; border: 0.05rem solid var(--rule); cursor: crosshair; touch-action: manipulation; }
.ptrnet svg:focus-visible { outline: 0.1rem solid var(--accent); outline-offset: 0.1rem; }
.ptrnet .hull { fill: none; stroke: var(--ink-soft); stroke-width: 0.006; stroke-dasharray: 0.016 0.012; }
.ptrnet .answer { fill: var(--accent); fill-opacity: 0.12; stroke: var(--accent); stroke-width: 0.009; stroke-linejoin: round; }
.ptrnet circle { fill: var(--ink); }
.ptrnet .cursor { stroke: var(--ink-soft); stroke-width: 0.005; visibility: hidden; }
.ptrnet svg:focus-visible .cursor { visibility: visible; }
.ptrnet text { font-size: 0.045px; fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.ptrnet output { text-align: center; min-height: 2.6em; color: var(--ink); }
.ptrnet output[data-fault] { color: var(--fault-ink); }
`;

const element = (tag, attributes = {}, ...content) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
};
const drawn = (tag, attributes = {}, text = "") => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
};
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);

/** Places of the corners of the hull, counter-clockwise from the leftmost [Andrew 1979]. */
function hullOf(points) {
  const order = points.map((_, place) => place).sort((a, b) => points[a][0] - points[b][0] || points[a][1] - points[b][1]);
  const half = (places) => {
    const kept = [];
    for (const place of places) {
      while (kept.length > 1 && turn(points[kept.at(-2)], points[kept.at(-1)], points[place]) <= 1e-9) kept.pop();
      kept.push(place);
    }
    return kept.slice(0, -1);
  };
  return [...half(order), ...half([...order].reverse())];
}

/** Whether two lists are the same corners in the same order round, wherever they start. */
function samePolygon(one, other) {
  const start = other.indexOf(one[0]);
  return one.length === other.length && start >= 0 && one.every((place, at) => place === other[(start + at) % other.length]);
}

/** The likeliest place at each step and its probability, until the network points at the end. */
async function answered(run, points) {
  const found = [];
  while (found.length <= points.length) {
    const answers = [[...found.map(({ place }) => place), 0]]; // the last is read by no step
    const { scores } = await run({ points: [points], answers });
    const last = [...scores.data.slice(-(points.length + 1))];
    const most = Math.max(...last);
    const place = last.indexOf(most);
    if (place === points.length) break;
    found.push({ place, share: 1 / last.reduce((sum, score) => sum + Math.exp(score - most), 0) });
  }
  return found;
}

/** Why these points have no hull; empty if they do. */
function objection(points) {
  if (points.length < 3) return `Draw at least three points; ${points.length === 1 ? "there is 1" : `there are ${points.length}`}.`;
  return hullOf(points).length < 3 ? "These points are on a line: they have no hull." : "";
}

export default async function show(box, { run, settings }) {
  const field = drawn("svg", { viewBox: [-MARGIN, -MARGIN, 1 + 2 * MARGIN, 1 + 2 * MARGIN].join(" "), tabindex: 0, role: "application" });
  field.setAttribute("aria-label", "Points. Click to add one; or move the cross with the arrow keys, and add one with Enter.");
  const lines = drawn("g");
  const dots = drawn("g");
  const cursor = drawn("g", { class: "cursor" });
  cursor.append(drawn("line", { x1: -0.03, x2: 0.03 }), drawn("line", { y1: -0.03, y2: 0.03 }));
  field.append(lines, dots, cursor);
  const told = element("output");
  const button = (text, act) => {
    const made = element("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  };
  let points = settings.points;
  let cross = [0.5, 0.5];
  let asked = 0;

  const at = ([x, y]) => [x, 1 - y]; // the page's y points down
  const say = (text, isFault = false) => {
    told.textContent = text;
    told.toggleAttribute("data-fault", isFault);
  };
  const path = (places) => places.map((place) => at(points[place]).join(",")).join(" ");

  async function answer() {
    const number = (asked += 1);
    lines.replaceChildren();
    dots.replaceChildren(...points.map((point) => drawn("circle", { cx: at(point)[0], cy: at(point)[1], r: 0.012 })));
    const why = objection(points);
    if (why) return say(why, true);
    const steps = await answered(run, points);
    if (number !== asked) return; // there are other points by now
    const [corners, hull] = [steps.map(({ place }) => place), hullOf(points)];
    lines.replaceChildren(drawn("polygon", { class: "hull", points: path(hull) }), drawn("polygon", { class: "answer", points: path(corners) }));
    const middle = [0, 1].map((side) => points.reduce((sum, point) => sum + point[side], 0) / points.length);
    corners.forEach((place, step) => {
      const [dx, dy] = [points[place][0] - middle[0], points[place][1] - middle[1]];
      const away = 0.045 / Math.hypot(dx, dy);
      const [x, y] = at([points[place][0] + dx * away, points[place][1] + dy * away]);
      dots.append(drawn("text", { x, y }, step + 1));
    });
    const verdict = samePolygon(corners, hull)
      ? `Exactly the hull, of ${hull.length} corners`
      : `Not the hull, which has ${hull.length} corners; it points ${corners.length} times`;
    const surest = Math.min(...steps.map(({ share }) => share));
    const beyond = points.length > settings.largest ? `, more than it was trained on` : "";
    return say(`${verdict}. ${points.length} points${beyond}; its least certain step has ${percent(surest)}.`);
  }

  const change = (wanted) => {
    points = wanted;
    const [answering, number] = [answer(), asked];
    answering.catch((error) => {
      if (number === asked) say(`It stopped: ${error.message}.`, true); // else a newer question has the page
    });
  };
  const add = (point) => {
    const kept = point.map((value) => Math.min(1, Math.max(0, value)));
    if (points.some((other) => Math.hypot(other[0] - kept[0], other[1] - kept[1]) < CLOSE)) {
      say("There is a point already.", true);
    } else if (points.length >= settings.most) {
      say(`${settings.most} points are the most that this page asks about. Take some back.`, true);
    } else {
      change([...points, kept]);
    }
  };

  field.addEventListener("pointerup", (event) => {
    const { left, top, width, height } = field.getBoundingClientRect();
    const along = (share) => share * (1 + 2 * MARGIN) - MARGIN;
    add([along((event.clientX - left) / width), 1 - along((event.clientY - top) / height)]);
  });
  const move = () => cursor.setAttribute("transform", `translate(${at(cross).join(" ")})`);
  field.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowDown: [0, -STEP], ArrowUp: [0, STEP] }[event.key];
    if (!by && event.key !== "Enter") return;
    event.preventDefault();
    if (by) cross = cross.map((value, side) => Math.min(1, Math.max(0, value + by[side])));
    else add(cross);
    move();
  });
  const controls = element(
    "div",
    { class: "mlblog-controls" },
    button("In another order", () => change(points.map((point) => [Math.random(), point]).sort(([a], [b]) => a - b).map(([, point]) => point))),
    button("A point at random", () => add([Math.random(), Math.random()])),
    button("Take one back", () => change(points.slice(0, -1))),
    button("Clear", () => change([])),
  );
  box.classList.add("ptrnet");
  box.append(element("style", {}, STYLE), field, controls, told);
  move();
  await answer();
}
