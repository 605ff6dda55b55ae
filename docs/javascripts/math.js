// Draws the formulas that arithmatex marks. Runs again after every instant navigation.
document$.subscribe(() => {
  for (const place of document.querySelectorAll(".arithmatex:not([data-drawn])")) {
    const source = place.textContent.trim();
    katex.render(source.slice(2, -2), place, {
      displayMode: source.startsWith("\\["),
      throwOnError: false,
      output: "htmlAndMathml",
    });
    place.dataset.drawn = "";
  }
});
