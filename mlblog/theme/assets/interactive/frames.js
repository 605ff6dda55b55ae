// A figure in frames: one SVG a scheme, whose elements name the frames that they belong to.
import { ofScheme, scheme } from "./parts.js";

const SECONDS = 6; // that all frames together play for; no frame is shorter than MOST a second allows
const MOST = 12;
const parser = new DOMParser();

async function drawing(answer) {
  const { documentElement: svg } = parser.parseFromString(await (await answer).text(), "image/svg+xml");
  if (svg.nodeName !== "svg") throw new Error("the file of frames is no drawing");
  return svg;
}

function named(tag, attributes, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

export default async function begin(figure, addresses) {
  const images = [...figure.querySelectorAll("img")];
  const still = images[0];
  const drawn = {};
  let place = null; // the frame that is shown
  let labels = [];

  const host = named("div", { class: "mlblog-frame", role: "img", tabindex: "-1" });
  host.style.cssText = still.style.cssText;
  const width = Math.max(...images.map((image) => image.width)); // that of the other scheme's has none
  host.style.maxWidth = `${width || still.getAttribute("width")}px`;
  const shadow = host.attachShadow({ mode: "open" }); // ids of one drawing stay apart from those of another
  const play = named("button", { type: "button", class: "mlblog-play" });
  const slider = named("input", { type: "range", min: 0, step: 1, "aria-label": "Frame" });
  const label = named("output", {});
  const controls = named("div", { class: "mlblog-controls" }, play, slider, label);

  function show(frame) {
    place = frame;
    for (const element of shadow.querySelectorAll("[data-frames]")) {
      const isHere = element.dataset.frames.split(" ").includes(String(frame));
      element.style.display = isHere ? "" : "none";
    }
    slider.value = frame;
    slider.setAttribute("aria-valuetext", labels[frame]);
    label.textContent = labels[frame];
    host.setAttribute("aria-label", `${still.alt} Frame ${frame + 1} of ${labels.length}: ${labels[frame]}.`);
  }

  async function draw() {
    const wanted = scheme();
    drawn[wanted] ??= drawing(ofScheme(addresses, wanted));
    const svg = await drawn[wanted];
    if (wanted !== scheme()) return;
    labels = JSON.parse(svg.dataset.labels);
    svg.setAttribute("style", "display: block; width: 100%; height: auto");
    svg.setAttribute("aria-hidden", "true");
    shadow.replaceChildren(svg);
    slider.max = labels.length - 1;
    show(place ?? Number(svg.dataset.still));
  }

  let timer = 0;
  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play");
  }
  function start() {
    if (place === labels.length - 1) show(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(
      () => {
        show(place + 1);
        if (place === labels.length - 1) pause();
      },
      Math.max(1000 / MOST, (1000 * SECONDS) / labels.length),
    );
  }

  await draw();
  pause();
  play.addEventListener("click", () => (timer ? pause() : start()));
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const calm = () => {
    pause();
    play.hidden = reduced.matches; // the slider moves one frame at a time, as far as the reader wants
  };
  reduced.addEventListener("change", calm);
  calm();
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });

  figure.prepend(host, controls);
  figure.dataset.alive = "";
}
