// Makes parts of the page accessible that Material and Python-Markdown do not cover.
const widening = new ResizeObserver((entries) => {
  // Boxes that scroll sideways are focusable, so that arrow keys work.
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      target.tabIndex = 0;
    } else {
      target.removeAttribute("tabindex");
    }
  }
});

document$.subscribe(() => {
  const boxes = ".md-typeset__scrollwrap, div.arithmatex, .mlblog-output, .mlblog-figure p:has(> img), .highlight-ipynb";
  document.querySelectorAll(boxes).forEach((box) => widening.observe(box));

  document.querySelector("[role=dialog].md-search")?.setAttribute("aria-label", "Search");

  for (const box of document.querySelectorAll(".task-list-item input:not([aria-label])")) {
    box.setAttribute("aria-label", box.closest("li").textContent.trim());
  }
});
