// The letters that a reader types, spelled by the network of the post: a beam, and where the pointer points.
const BEAM = 5;
const HINT = "Letters, in any order";

const STYLE = `
.annagram { display: flex; flex-direction: column; gap: 0.6rem; font-family: var(--sans); font-size: 0.78rem; }
.annagram .mlblog-controls { justify-content: start; margin: 0; }
.annagram .told { color: var(--fault-ink); text-align: start; }
.annagram .told:empty { display: none; }
.annagram .answers { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.annagram .answers button {
  min-height: 2.2rem; padding: 0.2rem 0.6rem; border: 0.05rem solid var(--rule); border-radius: 0.2rem;
  font: inherit; color: var(--ink); background: var(--raised); cursor: pointer;
}
.annagram .answers button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 -0.12rem var(--accent); }
.annagram .share { color: var(--ink-soft); font-variant-numeric: lining-nums tabular-nums; }
.annagram .pointer-box { overflow-x: auto; }
.md-typeset .annagram table.pointer { width: auto; border-collapse: collapse; font-size: min(0.72rem, 3.4vw); }
.annagram table.pointer caption { text-align: start; padding-bottom: 0.3rem; color: var(--ink-soft); }
.annagram table.pointer :is(th, td) { padding: 0.3rem 0.15rem; min-width: 3.3em; text-align: center; border: 0.05rem solid var(--rule); }
.annagram table.pointer th { font-weight: 400; color: var(--ink-soft); border-color: transparent; }
.annagram table.pointer tbody th { padding-inline-end: 0.4rem; text-align: end; }
.annagram table.pointer td {
  font-variant-numeric: lining-nums tabular-nums;
  background: color-mix(in srgb, var(--accent) calc(var(--share) * 30%), transparent);
}
.annagram table.pointer td.pointed { font-weight: 700; box-shadow: inset 0 0 0 0.1rem var(--accent); }
`;

const element = (tag, attributes = {}, ...content) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
};
const percent = (share) => (share < 0.01 ? "<1 %" : `${(100 * share).toFixed(0)} %`);
const spelled = (numbers) => numbers.map((number) => String.fromCharCode(97 + number)).join("");

/** Why these letters cannot be spelled; empty if they can. */
function objection(text, { shortest, longest }) {
  if (!text) return `Type ${shortest} to ${longest} letters.`;
  const odd = [...text].find((sign) => !/[a-z]/.test(sign));
  if (odd) return `The network knows the letters a to z, not “${odd === " " ? "space" : odd}”.`;
  if (text.length < shortest || text.length > longest) {
    const count = text.length === 1 ? "this is 1" : `these are ${text.length}`;
    return `The network has learned words of ${shortest} to ${longest} letters; ${count}.`;
  }
  return "";
}

/** Probabilities of the places for each hypothesis: softmax over the places that are left. */
async function pointed(run, letters, prefixes) {
  const words = prefixes.map((prefix) => [...prefix, 0]); // the last letter is read by no step
  const { scores } = await run({ letters: prefixes.map(() => letters), words });
  const [, steps, places] = scores.dims;
  return prefixes.map((_, row) => {
    const start = (row * steps + steps - 1) * places;
    const weights = [...scores.data.slice(start, start + places)].map(Math.exp);
    const sum = weights.reduce((one, other) => one + other);
    return weights.map((weight) => weight / sum);
  });
}

/** Beam search over letters, in which the probabilities of equal letters add, as in the post. */
async function spell(run, letters) {
  let beam = [{ word: [], share: 1, steps: [] }];
  for (const _ of letters) {
    const found = await pointed(run, letters, beam.map(({ word }) => word));
    beam = beam.flatMap(({ word, share, steps }, row) =>
      [...new Set(letters)].map((letter) => {
        const here = found[row].reduce((sum, one, place) => sum + (letters[place] === letter ? one : 0), 0);
        return { word: [...word, letter], share: share * here, steps: [...steps, found[row]] };
      }),
    );
    beam = beam.filter(({ share }) => share > 0).sort((one, other) => other.share - one.share).slice(0, BEAM);
  }
  return beam;
}

/** The pointer at each step of one answer: a row a step, a column a letter. */
function matrix(letters, { word, steps }) {
  const head = element("tr", {}, element("th", { scope: "col" }, "so far"), ...letters.map((letter) => element("th", { scope: "col" }, spelled([letter]))));
  const used = new Set();
  const rows = steps.map((shares, step) => {
    const place = letters.findIndex((letter, place) => letter === word[step] && !used.has(place));
    const cells = shares.map((share, at) => {
      const cell = element("td", { style: `--share: ${share.toFixed(3)}` }, used.has(at) ? "" : percent(share));
      if (letters[at] === word[step] && !used.has(at)) cell.classList.add("pointed");
      return cell;
    });
    used.add(place);
    return element("tr", {}, element("th", { scope: "row" }, spelled(word.slice(0, step)) || "–"), ...cells);
  });
  const caption = element("caption", {}, `Where it points, step by step, on the way to ${spelled(word)}; framed is what this answer takes`);
  return element("table", { class: "pointer" }, caption, element("thead", {}, head), element("tbody", {}, ...rows));
}

export default async function show(box, { run, settings }) {
  const input = element("input", { type: "text", value: settings.letters, autocapitalize: "none", autocomplete: "off", spellcheck: "false", size: 12 });
  const told = element("output", { class: "told" });
  const answers = element("div", { role: "group", "aria-label": "Answers, likeliest first", class: "answers" });
  const pointer = element("div", { class: "pointer-box", role: "region", "aria-label": "The pointer", tabindex: 0 });
  box.classList.add("annagram");
  box.append(element("style", {}, STYLE), element("label", { class: "mlblog-controls" }, HINT, input), told, answers, pointer);

  let asked = 0;
  async function answer() {
    const number = (asked += 1);
    const text = input.value.trim().toLowerCase();
    const why = objection(text, settings);
    told.textContent = why;
    input.setAttribute("aria-invalid", Boolean(why));
    if (why) {
      answers.replaceChildren();
      pointer.replaceChildren();
      return;
    }
    const letters = [...text].map((sign) => sign.charCodeAt(0) - 97);
    const beam = await spell(run, letters);
    if (number !== asked) return; // the reader has typed on
    const choose = (one, button) => {
      for (const other of answers.children) other.setAttribute("aria-pressed", other === button);
      pointer.replaceChildren(matrix(letters, one));
    };
    const buttons = beam.map((one) => {
      const share = element("span", { class: "share" }, percent(one.share));
      const button = element("button", { type: "button" }, element("b", {}, spelled(one.word)), " ", share);
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
  await answer();
}
