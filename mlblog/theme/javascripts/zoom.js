// A figure fills the window on click or Enter; any click or Escape closes it.
function enlarge({ currentTarget: figure }) {
  const window = document.createElement("dialog");
  window.className = "mlblog-zoom";
  window.setAttribute("aria-label", "Figure, enlarged");
  window.tabIndex = 0;

  const drawn = figure.cloneNode();
  for (const name of ["tabindex", "role"]) {
    drawn.removeAttribute(name);
  }
  window.append(drawn);
  window.addEventListener("click", () => window.close());
  window.addEventListener("close", () => window.remove());
  document.body.append(window);
  window.showModal();
}

document$.subscribe(() => {
  for (const figure of document.querySelectorAll(".mlblog-figure img:not([role])")) {
    figure.tabIndex = 0;
    figure.setAttribute("role", "button");
    figure.addEventListener("click", enlarge);
    figure.addEventListener("keydown", (press) => {
      if (press.key === "Enter" || press.key === " ") {
        press.preventDefault();
        enlarge(press);
      }
    });
  }
});
