// Figures that readers can touch: the script of their kind is loaded when the first of them is near.
const kindsAt = new URL("../assets/interactive/", document.currentScript.src);

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

async function bringToLife(figure) {
  const kind = [...figure.classList].find((name) => name.startsWith("mlblog-") && name !== "mlblog-interactive").slice(7);
  try {
    const { default: begin } = await import(new URL(`${kind}.js`, kindsAt));
    await begin(figure, [...figure.querySelectorAll("a.mlblog-part")].map((link) => link.href));
  } catch (error) {
    const told = document.createElement("p");
    told.className = "mlblog-untouchable";
    told.textContent = `This figure stands still: ${error.message}`;
    figure.append(told);
  }
}

document$.subscribe(() => {
  for (const figure of document.querySelectorAll(".mlblog-interactive")) nearFigures.observe(figure);
});
