// The lattice of a label on a recorded sound: where its paths go, by the network of the post.
const [TONES, LONGEST] = [6, 9]; // symbols 1 to TONES, 0 is the blank; LONGEST tones of a label that is drawn
const [WIDE, HIGH, LEFT, TOP] = [10, 15, 14, 18]; // of a cell, and beside and above all cells
const SVG = "http://www.w3.org/2000/svg";
const STYLE = `
.lattice { display: flex; flex-direction: column; gap: 0.6rem; font-family: var(--sans); font-size: 0.78rem; }
.lattice .mlblog-controls { flex-wrap: wrap; max-width: none; margin: 0 auto; }
.lattice label { display: inline-flex; align-items: center; gap: 0.4rem; }
.lattice input[type="text"] { width: 9rem; }
.lattice svg { display: block; width: 100%; margin: 0 auto; }
.lattice text { font-size: 11px; fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.lattice .cell { fill: var(--accent); opacity: 0.6; shape-rendering: crispEdges; }
.lattice .ground { fill: none; stroke: var(--rule); stroke-width: 0.5; }
.lattice .path { fill: none; stroke: var(--ink); stroke-width: 1.2; }
.lattice .here { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 2; }
.lattice .muted { fill: var(--ink-soft); opacity: 0.35; }
.lattice output { text-align: center; color: var(--ink); }
.lattice .of-label { min-height: 2.6em; }
.lattice output[data-fault] { color: var(--fault-ink); }
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
const percent = (share) => (share < 0.005 ? "under 1 %" : share > 0.995 && share < 1 ? "over 99 %" : `${(100 * share).toFixed(0)} %`);
const short = (value) => (value < 1e-4 ? value.toExponential(1).replace(/e-(\d+)/, (_, power) => ` · 10⁻${[...power].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`) : value.toPrecision(2));

/** log(e^a + e^b + …) */
function logSum(...values) {
  const most = Math.max(...values);
  return most === -Infinity ? most : most + Math.log(values.reduce((sum, one) => sum + Math.exp(one - most), 0));
}

/** Blank, first tone, blank, second tone, …, blank; and for each state those that it can be reached from. */
function chainOf(label) {
  const states = [0, ...label.flatMap((tone) => [tone, 0])];
  const before = states.map((symbol, s) => {
    const mayskip = s > 1 && symbol !== 0 && symbol !== states[s - 2];
    return [s, s - 1, ...(mayskip ? [s - 2] : [])].filter((one) => one >= 0);
  });
  return { states, before };
}

/** Along the chain, frame by frame: `join` adds up what arrives at a state, `carry` takes it through a frame. */
function forward(frames, { states, before }, { start, none, join, carry }) {
  const rows = [];
  for (let t = 0; t < frames; t += 1) {
    rows.push(states.map((_, s) => carry(t ? join(...before[s].map((one) => rows[t - 1][one])) : s < 2 ? start : none, t, s)));
  }
  return rows;
}

/** The sum over all paths of a label, with where they are in each frame; the likeliest of them; and how many there are. */
function latticeOf(logProbs, label) {
  const [frames, chain] = [logProbs.length, chainOf(label)];
  const { states, before } = chain;
  const emit = (value, t, s) => value + logProbs[t][states[s]];
  const alpha = forward(frames, chain, { start: 0, none: -Infinity, join: logSum, carry: emit });
  const best = forward(frames, chain, { start: 0, none: -Infinity, join: Math.max, carry: emit });
  const counts = forward(frames, chain, { start: 1, none: 0, join: (...all) => all.reduce((a, b) => a + b), carry: (n) => n });
  const ends = states.length > 1 ? [states.length - 1, states.length - 2] : [0];
  const beta = [states.map((_, s) => (ends.includes(s) ? 0 : -Infinity))];
  for (let t = frames - 1; t > 0; t -= 1) {
    const after = beta[0].map((value, s) => emit(value, t, s));
    beta.unshift(states.map((_, s) => logSum(...states.flatMap((_, next) => (before[next].includes(s) ? [after[next]] : [])))));
  }
  const total = logSum(...ends.map((s) => alpha[frames - 1][s]));
  const shares = alpha.map((row, t) => row.map((value, s) => Math.exp(value + beta[t][s] - total)));
  let at = ends.reduce((one, other) => (best[frames - 1][other] > best[frames - 1][one] ? other : one));
  const likeliest = best[frames - 1][at];
  const path = [at];
  for (let t = frames - 1; t > 0; t -= 1) {
    at = before[at].reduce((one, other) => (best[t - 1][other] > best[t - 1][one] ? other : one));
    path.unshift(at);
  }
  return { states, shares, path, total, part: Math.exp(likeliest - total), count: ends.reduce((sum, s) => sum + counts[frames - 1][s], 0) };
}

/** The likeliest symbol of each frame, repeats merged, then blanks dropped. */
const greedy = (logProbs) =>
  logProbs.map((row) => row.indexOf(Math.max(...row))).filter((symbol, t, all) => symbol !== 0 && symbol !== all[t - 1]);

/** Why a label has no lattice in these frames; empty if it has one. */
function objection(signs, frames) {
  const odd = signs.find((sign) => !(sign >= "1" && sign <= String(TONES)));
  if (odd) return `The network knows the tones 1 to ${TONES}, not “${odd}”.`;
  if (signs.length > LONGEST) return `At most ${LONGEST} tones are drawn here; these are ${signs.length}.`;
  const needed = signs.length + signs.filter((sign, n) => sign === signs[n - 1]).length;
  if (needed > frames) return `This label has no path: it needs ${needed} frames, with a blank between equal tones, and there are ${frames}.`;
  return "";
}

export default async function show(box, { run, settings: { sounds } }) {
  const choice = element("select", {}, ...sounds.map(({ label, truth }, n) => element("option", { value: n }, `${n + 1}: ${label.join(" ")}, ${truth.length} frames`)));
  const input = element("input", { type: "text", inputmode: "numeric", autocomplete: "off", spellcheck: "false" });
  const slider = element("input", { type: "range", min: 1, step: 1 });
  const mute = element("button", { type: "button" });
  const picture = drawn("svg", { role: "img" });
  const ofLabel = element("output", { class: "of-label" });
  const ofFrame = element("output", { class: "of-frame" });
  let [sound, muted, asked, found] = [sounds[0], new Set(), 0, null];

  const say = (text, isFault = false) => {
    ofLabel.textContent = text;
    ofLabel.toggleAttribute("data-fault", isFault);
    input.setAttribute("aria-invalid", isFault);
  };

  function draw() {
    const { states, shares, path } = found;
    const [columns, rows] = [shares.length, states.length];
    const [x, y] = [(t) => LEFT + t * WIDE, (s) => TOP + s * HIGH];
    const [width, height] = [LEFT + columns * WIDE + 2, TOP + rows * HIGH + 2];
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.style.maxWidth = `${1.9 * width}px`;
    const parts = [drawn("rect", { class: "ground", x: LEFT, y: TOP, width: columns * WIDE, height: rows * HIGH })];
    sound.truth.forEach((tone, t) => {
      if (tone) parts.push(drawn("text", { x: x(t + 0.5), y: TOP / 2 }, tone));
      if (muted.has(t)) parts.push(drawn("rect", { class: "muted", x: x(t), y: 0, width: WIDE, height: TOP }));
    });
    states.forEach((symbol, s) => parts.push(drawn("text", { x: LEFT / 2, y: y(s + 0.5) }, symbol || "–")));
    shares.forEach((row, t) =>
      row.forEach((share, s) =>
        parts.push(drawn("rect", { class: "cell", x: x(t), y: y(s), width: WIDE, height: HIGH, "fill-opacity": share.toFixed(3) })),
      ),
    );
    parts.push(drawn("polyline", { class: "path", points: path.map((s, t) => `${x(t + 0.5)},${y(s + 0.5)}`).join(" ") }));
    parts.push(drawn("rect", { class: "here", x: x(slider.value - 1), y: 1, width: WIDE, height: height - 2 }));
    picture.replaceChildren(...parts);
  }

  function point() {
    const t = slider.value - 1;
    mute.textContent = muted.has(t) ? "Let this frame sound" : "Silence this frame";
    const inside = muted.has(t) ? "silenced" : sound.truth[t] ? `tone ${sound.truth[t]} sounds` : "silence";
    if (!found) {
      ofFrame.textContent = `Frame ${t + 1}: ${inside}.`;
      return;
    }
    const states = found.states.map((symbol, s) => [found.shares[t][s], symbol ? `tone ${symbol}` : "a blank"]);
    const most = states.filter(([share]) => share >= 0.005).sort(([a], [b]) => b - a);
    ofFrame.textContent = `Frame ${t + 1}: ${inside}. Paths are at ${most.map(([share, name]) => `${name} (${percent(share)})`).join(", ")}.`;
    draw();
  }

  async function answer() {
    const number = (asked += 1);
    const signs = [...input.value.replace(/[\s,]+/g, "")];
    const frames = sound.sound.length;
    slider.max = frames;
    const why = objection(signs, frames);
    if (why) {
      found = null;
      picture.replaceChildren();
      picture.removeAttribute("viewBox");
      point();
      return say(why, true);
    }
    const heard = sound.sound.map((row, t) => (muted.has(t) ? row.map(() => 0) : row));
    const { log_probs: out } = await run({ sound: [heard] });
    if (number !== asked) return; // something else is asked by now
    const kinds = TONES + 1;
    const logProbs = heard.map((_, t) => [...out.data.slice(t * kinds, (t + 1) * kinds)].map(Number));
    found = latticeOf(logProbs, signs.map(Number));
    const read = greedy(logProbs);
    picture.setAttribute("aria-label", `The lattice of the label ${signs.join(" ") || "without a tone"} over ${frames} frames`);
    point();
    say(
      `Label ${signs.join(" ") || "without a tone"}: probability ${short(Math.exp(found.total))}, by ${found.count.toLocaleString("en")} ${found.count === 1 ? "path" : "paths"}, ` +
        `of which the likeliest has ${percent(found.part)}. The likeliest symbols read ${read.join(" ") || "as nothing"}.`,
    );
  }

  const change = () => {
    const [answering, number] = [answer(), asked];
    return answering.catch((error) => {
      if (number === asked) say(`It stopped: ${error.message}.`, true); // else a newer question has the page
    });
  };
  function choose() {
    sound = sounds[Number(choice.value)];
    [muted, found] = [new Set(), null]; // what was found is of another sound
    picture.replaceChildren();
    input.value = sound.label.join(" ");
    slider.value = 1;
    return change();
  }
  choice.addEventListener("change", choose);
  input.addEventListener("input", change);
  slider.addEventListener("input", point);
  picture.addEventListener("pointerdown", (event) => {
    const { left, width } = picture.getBoundingClientRect();
    const along = ((event.clientX - left) / width) * picture.viewBox.baseVal.width;
    slider.value = 1 + Math.floor((along - LEFT) / WIDE);
    point();
  });
  mute.addEventListener("click", () => {
    const t = slider.value - 1;
    if (!muted.delete(t)) muted.add(t);
    change();
  });

  box.classList.add("lattice");
  box.append(
    element("style", {}, STYLE),
    element("div", { class: "mlblog-controls" }, element("label", {}, "Sound", choice), element("label", {}, "Label", input)),
    ofLabel,
    picture,
    element("div", { class: "mlblog-controls" }, element("label", {}, "Frame", slider), mute),
    ofFrame,
  );
  await choose();
}
