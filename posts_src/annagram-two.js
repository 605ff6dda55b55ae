// A set of letters that a reader types, spelled by the network of the post: keys that stay, and where it points among them.
const BEAM = 5;
const END = 26; // the key that ends an answer

const STYLE = `
.letter-set { display: flex; flex-direction: column; gap: 0.6rem; font-family: var(--sans); font-size: 0.78rem; }
.letter-set .mlblog-controls { flex-wrap: wrap; justify-content: start; max-width: none; margin: 0; }
.letter-set label { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2.2rem; }
.letter-set .mlblog-controls input[type="checkbox"] { min-width: 1.2rem; min-height: 1.2rem; accent-color: var(--accent); }
.letter-set .told { color: var(--fault-ink); text-align: start; }
.letter-set .told:empty { display: none; }
.letter-set .answers { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.letter-set .answers button {
  min-height: 2.2rem; padding: 0.2rem 0.6rem; border: 0.05rem solid var(--rule); border-radius: 0.2rem;
  font: inherit; color: var(--ink); background: var(--raised); cursor: pointer;
}
.letter-set .answers button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 -0.12rem var(--accent); }
.letter-set .share { color: var(--ink-soft); font-variant-numeric: lining-nums tabular-nums; }
.letter-set .keys-box { overflow-x: auto; }
.md-typeset .letter-set table.keys { width: auto; border-collapse: collapse; font-size: min(0.72rem, 3.4vw); }
.letter-set table.keys caption { text-align: start; padding-bottom: 0.3rem; color: var(--ink-soft); }
.letter-set table.keys :is(th, td) { padding: 0.3rem 0.15rem; min-width: 3.3em; text-align: center; border: 0.05rem solid var(--rule); }
.letter-set table.keys th { font-weight: 400; color: var(--ink-soft); border-color: transparent; }
.letter-set table.keys tbody th { padding-inline-end: 0.4rem; text-align: end; }
.letter-set table.keys td {
  font-variant-numeric: lining-nums tabular-nums;
  background: color-mix(in srgb, var(--accent) calc(var(--share) * 30%), transparent);
}
.letter-set table.keys td.pointed { font-weight: 700; box-shadow: inset 0 0 0 0.1rem var(--accent); }
.letter-set table.keys td.ruled-out { text-decoration: line-through; }
.letter-set table.keys td.against { background: none; border-color: transparent; color: var(--ink-soft); }
`;

const element = (tag, attributes = {}, ...content) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
};
const percent = (share) => (share === 0 ? "0" : share < 0.01 ? "<1 %" : `${(100 * share).toFixed(0)} %`);
const spelled = (symbols) => symbols.filter((one) => one !== END).map((one) => String.fromCharCode(97 + one)).join("");

/** Why a text is no question for the network; empty if it is one. */
function objection(text, { fewest, longest }) {
  const odd = [...text].find((sign) => !/[a-z]/.test(sign));
  if (odd) return `The network knows the letters a to z, not “${odd === " " ? "space" : odd}”.`;
  const count = new Set(text).size;
  if (count < fewest || count > longest) {
    return `The network has learned words of ${fewest} to ${longest} different letters; ${count === 1 ? "this is 1" : `these are ${count}`}.`;
  }
  return "";
}

/** The post's rule: may this key come after this prefix? Letters that are missing need room; the end waits for them. */
function mayCome(key, keys, prefix, longest) {
  const missing = keys.filter((one) => one !== END && !prefix.includes(one));
  if (key === END) return missing.length === 0;
  return missing.includes(key) || missing.length < longest - prefix.length;
}

/** Probabilities of the keys after each of some prefixes of one length. */
async function pointed(run, keys, prefixes) {
  const answers = prefixes.map((prefix) => [...prefix, 0]); // the last is read by no step
  const { scores } = await run({ keys: prefixes.map(() => keys), answers });
  const [, steps, places] = scores.dims;
  return prefixes.map((_, row) => {
    const start = (row * steps + steps - 1) * places;
    const weights = [...scores.data.slice(start, start + places)].map(Math.exp);
    const sum = weights.reduce((one, other) => one + other);
    return weights.map((weight) => weight / sum);
  });
}

/** Beam search until every answer has ended; one that has stays as it is. */
async function spell(run, keys, longest, isRuled) {
  let beam = [{ word: [], share: 1, steps: [] }];
  for (let length = 0; length <= longest; length += 1) {
    const open = beam.filter(({ word }) => word.at(-1) !== END);
    if (!open.length) break;
    const found = await pointed(run, keys, open.map(({ word }) => word));
    const longer = open.flatMap(({ word, share, steps }, row) =>
      keys.flatMap((key, place) => {
        const isAllowed = (length < longest || key === END) && (!isRuled || mayCome(key, keys, word, longest));
        return isAllowed ? [{ word: [...word, key], share: share * found[row][place], steps: [...steps, found[row]] }] : [];
      }),
    );
    const ended = beam.filter(({ word }) => word.at(-1) === END);
    beam = [...ended, ...longer].sort((one, other) => other.share - one.share).slice(0, BEAM);
  }
  return beam;
}

/** The keys at each step of one answer: a row a step, a column a key, and what the rule forbids. */
function matrix(keys, { word, steps }, longest) {
  const names = [...keys.slice(0, -1).map((key) => spelled([key])), "end", "against the rule"];
  const head = element("tr", {}, element("th", { scope: "col" }, "so far"), ...names.map((name) => element("th", { scope: "col" }, name)));
  const rows = steps.map((shares, step) => {
    const prefix = word.slice(0, step);
    let against = 0;
    const cells = shares.map((share, place) => {
      const cell = element("td", { style: `--share: ${share.toFixed(3)}` }, percent(share));
      if (keys[place] === word[step]) cell.classList.add("pointed");
      if (!mayCome(keys[place], keys, prefix, longest)) {
        cell.classList.add("ruled-out");
        against += share;
      }
      return cell;
    });
    cells.push(element("td", { class: "against" }, percent(against)));
    return element("tr", {}, element("th", { scope: "row" }, spelled(prefix) || "–"), ...cells);
  });
  const caption = element("caption", {}, `Where it points, step by step, on the way to ${spelled(word)}; framed is what this answer takes, struck through what the rule forbids`);
  return element("table", { class: "keys" }, caption, element("thead", {}, head), element("tbody", {}, ...rows));
}

export default async function show(box, { run, settings }) {
  const input = element("input", { type: "text", value: settings.letters, autocapitalize: "none", autocomplete: "off", spellcheck: "false", size: 12 });
  const ruled = element("input", { type: "checkbox" });
  const told = element("output", { class: "told" });
  const answers = element("div", { role: "group", "aria-label": "Answers, likeliest first", class: "answers" });
  const shown = element("div", { class: "keys-box", role: "region", "aria-label": "The keys", tabindex: 0 });
  const controls = element("div", { class: "mlblog-controls" }, element("label", {}, "Letters, or a word", input), element("label", {}, ruled, "Enforce the rule"));
  box.classList.add("letter-set");
  box.append(element("style", {}, STYLE), controls, told, answers, shown);

  let asked = 0;
  async function answer() {
    const number = (asked += 1);
    const text = input.value.trim().toLowerCase();
    const why = objection(text, settings);
    told.textContent = why;
    input.setAttribute("aria-invalid", Boolean(why));
    if (why) {
      answers.replaceChildren();
      shown.replaceChildren();
      return;
    }
    const keys = [...[...new Set(text)].sort().map((sign) => sign.charCodeAt(0) - 97), END];
    const beam = await spell(run, keys, settings.longest, ruled.checked);
    if (number !== asked) return; // something else is asked by now
    const choose = (one, button) => {
      for (const other of answers.children) other.setAttribute("aria-pressed", other === button);
      shown.replaceChildren(matrix(keys, one, settings.longest));
    };
    const buttons = beam.map((one) => {
      const missing = keys.filter((key) => !one.word.includes(key));
      const share = element("span", { class: "share" }, percent(one.share) + (missing.length ? `, no ${[...spelled(missing)].join(" ")}` : ""));
      const button = element("button", { type: "button" }, element("b", {}, spelled(one.word) || "(nothing)"), " ", share);
      button.addEventListener("click", () => choose(one, button));
      return button;
    });
    answers.replaceChildren(...buttons);
    choose(beam[0], buttons[0]);
  }
  const change = () => {
    const [answering, number] = [answer(), asked];
    return answering.catch((error) => {
      if (number === asked) told.textContent = `It stopped: ${error.message}.`; // else a newer question has the page
    });
  };
  input.addEventListener("input", change);
  ruled.addEventListener("change", change);
  await answer();
}
