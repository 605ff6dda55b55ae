// A chart by Vega. The engine is loaded with the first chart of a page; knobs keep their places when the scheme changes.
import { ofScheme } from "./parts.js";

const engine = new URL("vega-engine.js", import.meta.url);

// All data are in the specification: nothing is loaded, and what data name may be a link at most.
function refuse(address) {
  throw new Error(`the chart may not load ${address}`);
}
const loader = {
  load: refuse,
  http: refuse,
  file: refuse,
  async sanitize(address, options) {
    const { href, protocol } = new URL(address, location);
    return options?.context === "href" && /^https?:$/.test(protocol) ? { href } : refuse(address);
  },
};

// A chart as wide as its column where it can be narrower, and as high in proportion; others scroll.
async function fit(view, chart, natural) {
  const beside = chart.firstElementChild.getBoundingClientRect().width - view.width();
  const width = Math.min(natural.width, Math.floor(chart.clientWidth - beside));
  if (!natural.width || width < 120 || width === view.width()) return;
  await view.width(width).height(Math.round((natural.height * width) / natural.width)).runAsync();
}

export default async function begin(figure, addresses) {
  const still = figure.querySelector("img");
  const chart = document.createElement("div");
  chart.className = "mlblog-chart";
  const knobs = document.createElement("div");
  knobs.className = "mlblog-controls mlblog-knobs";
  let drawn = null;
  let round = 0;

  async function draw() {
    const here = ++round;
    const [chosen] = await Promise.all([ofScheme(addresses).then((answer) => answer.json()), import(engine)]);
    if (here !== round) return;
    const bound = (chosen.params ?? []).filter((one) => one.bind && one.bind !== "scales" && one.bind !== "legend");
    const kept = drawn ? bound.filter((one) => "value" in one).map((one) => [one.name, drawn.view.signal(one.name)]) : [];
    drawn?.finalize();
    drawn = await window.vegaEmbed(chart, chosen, {
      actions: false,
      ast: false,
      bind: knobs,
      defaultStyle: false,
      loader,
      mode: "vega-lite",
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
    });
    for (const [name, value] of kept) drawn.view.signal(name, value);
    await drawn.view.runAsync();
    for (const name of ["aria-roledescription", "style"]) chart.removeAttribute(name);
    chart.setAttribute("role", "img"); // in place of Vega's words on each of its marks
    chart.setAttribute("aria-label", still.alt);
    chart.querySelector("svg").setAttribute("aria-hidden", "true");
    drawn.natural = { width: drawn.view.width(), height: drawn.view.height() };
    await fit(drawn.view, chart, drawn.natural);
  }

  figure.prepend(chart, knobs);
  figure.dataset.alive = "";
  try {
    await draw();
  } catch (error) {
    delete figure.dataset.alive;
    chart.remove();
    knobs.remove();
    throw error;
  }
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  new ResizeObserver(() => drawn?.natural && fit(drawn.view, chart, drawn.natural)).observe(chart);
}
