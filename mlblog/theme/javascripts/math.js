// Draws the formulas that the build has left undrawn, which hosts other than MkDocs do. KaTeX is loaded only then.
const katexAt = new URL("../assets/katex/katex.min.js", document.currentScript.src).href;
const macros = JSON.parse(document.getElementById("__tex_macros")?.textContent ?? "{}");
let fetched = null;

function katexHere() {
  fetched ??= new Promise((resolve, reject) => {
    if (window.katex) {
      resolve();
      return;
    }
    const script = document.createElement("script");
    script.src = katexAt;
    script.onload = resolve;
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = katexAt.replace(/js$/, "css");
    script.onerror = () => reject(new Error(`${katexAt} did not load: formulas are shown as source`));
    document.head.append(sheet, script);
  });
  return fetched;
}

document$.subscribe(async () => {
  const places = document.querySelectorAll(".arithmatex:not([data-drawn])");
  if (places.length === 0) {
    return;
  }
  await katexHere();
  for (const place of places) {
    const source = place.textContent.trim();
    katex.render(source.slice(2, -2), place, {
      displayMode: source.startsWith("\\["),
      throwOnError: false,
      macros: { ...macros },
      output: "htmlAndMathml",
    });
    place.dataset.drawn = "";
  }
});
