// A figure by Plotly, whose script is loaded with the first of a page.
import { ofScheme } from "./parts.js";

const engine = new URL("plotly-engine.js", import.meta.url);

let loaded; // one for all figures of the page

function plotly() {
  loaded ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = engine.href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`${engine.pathname} did not load`));
    document.head.append(script);
  });
  return loaded;
}

export default async function begin(figure, addresses) {
  const still = figure.querySelector("img");
  const chart = document.createElement("div");
  chart.className = "mlblog-plotly-chart";
  chart.setAttribute("role", "group"); // it has buttons
  chart.setAttribute("aria-label", still.alt);

  async function draw() {
    const [{ data, layout }, library] = await Promise.all([ofScheme(addresses).then((answer) => answer.json()), plotly()]);
    await library.react(chart, data, layout, { displaylogo: false, responsive: true });
  }

  figure.prepend(chart);
  figure.dataset.alive = "";
  try {
    await draw();
  } catch (error) {
    delete figure.dataset.alive;
    chart.remove();
    throw error;
  }
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}
