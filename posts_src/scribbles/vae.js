// The plane of codes of the post's autoencoder: what its decoder makes of the point that a reader moves.
const STEP = 0.1; // of an arrow key
const [LEFT, RIGHT, END] = [-4.2, 3, 3]; // the plane goes from LEFT to RIGHT and from −END to END
const SVG = "http://www.w3.org/2000/svg";
const STYLE = `
.digit-plane { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.6rem 1.2rem; font-family: var(--sans); font-size: 0.78rem; }
.digit-plane .plane { flex: 1 1 15rem; max-width: 24rem; aspect-ratio: 6 / 5; border: 0.05rem solid var(--rule); cursor: crosshair; touch-action: pan-y; }
.digit-plane .plane:focus-visible { outline: 0.1rem solid var(--accent); outline-offset: 0.1rem; }
.digit-plane .plane text { font-size: 0.22px; fill: var(--ink-soft); text-anchor: middle; dominant-baseline: central; }
.digit-plane .plane text.near { font-size: 0.34px; font-weight: 700; fill: var(--accent); }
.digit-plane .prior { fill: none; stroke: var(--ink-soft); stroke-width: 0.02; stroke-dasharray: 0.07 0.05; }
.digit-plane .here { fill: none; stroke: var(--accent); stroke-width: 0.05; }
.digit-plane .pictures { display: flex; flex-direction: column; justify-content: space-around; gap: 0.6rem; }
.digit-plane figure { width: 7.5rem; margin: 0; text-align: center; }
.digit-plane figure svg { display: block; width: 100%; aspect-ratio: 1; border: 0.05rem solid var(--rule); }
.digit-plane rect { fill: var(--ink); }
.md-typeset .digit-plane figure figcaption { margin: 0.2rem 0 0; text-align: center; color: var(--ink-soft); }
.digit-plane output { flex: 0 0 100%; min-height: 2.6em; text-align: center; color: var(--ink); }
.digit-plane output[data-fault] { color: var(--fault-ink); }
@media (max-width: 44.98em) { .digit-plane .pictures { flex-direction: row; } }
`;

const element = (tag, attributes = {}, ...content) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
};
const drawn = (tag, attributes = {}, ...content) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
};
const signed = (value) => value.toFixed(1).replace("-", "−").replace("−0.0", "0.0");

/** A picture of 8 × 8 pixels, 0 white and 1 black. */
function picture(caption) {
  const cells = Array.from({ length: 64 }, (_, n) => drawn("rect", { x: n % 8, y: Math.floor(n / 8), width: 1.01, height: 1.01 }));
  const image = drawn("svg", { viewBox: "0 0 8 8", role: "img" }, ...cells);
  const text = element("figcaption", {}, caption);
  return {
    figure: element("figure", {}, image, text),
    show(pixels, label) {
      cells.forEach((cell, n) => cell.setAttribute("fill-opacity", Math.min(1, Math.max(0, pixels[n])).toFixed(3)));
      image.setAttribute("aria-label", label);
    },
  };
}

export default async function show(box, { run, settings: { codes, labels, digits } }) {
  const numerals = codes.map(([x, y], n) => drawn("text", { x, y: -y }, labels[n]));
  const here = drawn("circle", { class: "here", r: 0.12 });
  // half of the prior's draws are within the inner circle, 95 % within the outer one
  const circles = [0.5, 0.05].map((share) => drawn("circle", { class: "prior", r: Math.sqrt(-2 * Math.log(share)) }));
  const view = [LEFT, -END, RIGHT - LEFT, 2 * END].join(" ");
  const plane = drawn("svg", { class: "plane", viewBox: view, tabindex: 0, role: "application" }, ...circles, ...numerals, here);
  plane.setAttribute("aria-label", "The plane of codes. Move the pointer over it, or use the arrow keys; Home goes to the middle.");
  const decoded = picture("decoded");
  const beside = picture("nearest unseen digit");
  const told = element("output");
  let wanted = [0, 0];
  let shown = null;
  let isBusy = false;

  function draw([x, y], pixels) {
    const away = codes.map(([a, b]) => Math.hypot(a - x, b - y));
    const nearest = away.indexOf(Math.min(...away));
    numerals.forEach((one, n) => one.classList.toggle("near", n === nearest));
    here.setAttribute("cx", x);
    here.setAttribute("cy", -y);
    decoded.show(pixels, `What the decoder makes of the code ${signed(x)}, ${signed(y)}`);
    beside.show(digits[nearest].map((level) => level / 16), `The unseen digit whose code is nearest: a ${labels[nearest]}`);
    const beyond = Math.exp(-(x * x + y * y) / 2);
    const share = beyond < 0.001 ? "Fewer than 0.1 %" : `${(100 * beyond).toFixed(beyond < 0.01 ? 1 : 0)} %`;
    told.textContent = `Code ${signed(x)}, ${signed(y)}. Nearest unseen digit: a ${labels[nearest]}, ${away[nearest].toFixed(2)} away. ${share} of the prior’s draws are farther out.`;
    told.removeAttribute("data-fault");
  }

  async function answer() {
    if (isBusy) return;
    isBusy = true;
    try {
      while (shown !== wanted) {
        const place = wanted;
        const { pixels } = await run({ input: [place] });
        draw(place, [...pixels.data]);
        shown = place;
      }
    } finally {
      isBusy = false;
    }
  }

  function move(place) {
    const within = (value, low, high) => Math.min(high, Math.max(low, Math.round(value * 1000) / 1000));
    wanted = [within(place[0], LEFT, RIGHT), within(place[1], -END, END)];
    return answer().catch((error) => {
      told.textContent = `It stopped: ${error.message}.`;
      told.setAttribute("data-fault", "");
    });
  }

  function follow(event) {
    const { left, top, width, height } = plane.getBoundingClientRect();
    move([LEFT + ((event.clientX - left) / width) * (RIGHT - LEFT), END - ((event.clientY - top) / height) * 2 * END]);
  }
  for (const kind of ["pointerdown", "pointermove"]) plane.addEventListener(kind, follow);
  plane.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowDown: [0, -STEP], ArrowUp: [0, STEP] }[event.key];
    if ((!by && event.key !== "Home") || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move(by ? wanted.map((value, side) => value + by[side]) : [0, 0]);
  });

  box.classList.add("digit-plane");
  box.append(element("style", {}, STYLE), plane, element("div", { class: "pictures" }, decoded.figure, beside.figure), told);
  await move(wanted);
}
