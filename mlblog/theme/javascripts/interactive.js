// Figures that readers can touch: the script of their kind is loaded when the first of them is near, or is touched.
const kindsAt = new URL("../assets/interactive/", document.currentScript.src);
const TOUCHED = ["pointerover", "pointermove", "click", "keydown"];

const nearFigures = new IntersectionObserver(
  (found) => {
    for (const { isIntersecting, target } of found) {
      if (isIntersecting) {
        nearFigures.unobserve(target);
        bringToLife(target);
      }
    }
  },
  { rootMargin: "600px" },
);

async function bringToLife(figure, latest) {
  const kind = [...figure.classList].find((name) => name.startsWith("mlblog-") && name !== "mlblog-interactive").slice(7);
  try {
    const { default: begin } = await import(new URL(`${kind}.js`, kindsAt));
    await begin(figure, [...figure.querySelectorAll("a.mlblog-part")].map((link) => link.href), latest);
  } catch (error) {
    const told = document.createElement("p");
    told.className = "mlblog-untouchable";
    told.textContent = `This figure cannot be moved: ${error.message}`;
    figure.append(told);
  }
}

// Nothing is loaded before the first touch; what is done meanwhile is done when the script is there.
function waitForTouch(figure) {
  let latest = null;
  async function touch(event) {
    if (event.type === "keydown" && !event.key.startsWith("Arrow")) return;
    if (event.type === "keydown") event.preventDefault();
    if (event.type === "click" && event.pointerType !== "touch") return;
    if (event.type === "click") event.stopPropagation();
    const isFirst = !latest;
    if (latest?.type !== "click" || event.type === "click") latest = event;
    if (!isFirst) return;
    await bringToLife(figure, () => latest);
    for (const kind of TOUCHED) figure.removeEventListener(kind, touch, true);
  }
  for (const kind of TOUCHED) figure.addEventListener(kind, touch, true);
  for (const image of figure.querySelectorAll("img")) {
    image.setAttribute("aria-description", "Arrow keys read the values, Enter enlarges the figure.");
  }
}

document$.subscribe(() => {
  for (const figure of document.querySelectorAll(".mlblog-interactive")) {
    if (figure.classList.contains("mlblog-lines")) waitForTouch(figure);
    else nearFigures.observe(figure);
  }
});
