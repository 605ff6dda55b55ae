// Prints in the light scheme, all figures included: those further down are fetched, and folded ones have no room.
let read = null;

function lighten() {
  const { dataset } = document.body;
  if (read === null) {
    read = dataset.mdColorScheme;
    dataset.mdColorScheme = "default";
  }
  for (const image of document.querySelectorAll("img[loading=lazy]")) {
    if (image.checkVisibility()) {
      image.loading = "eager";
    }
  }
}

function restore() {
  if (read !== null) {
    document.body.dataset.mdColorScheme = read;
    read = null;
  }
}

window.addEventListener("beforeprint", lighten);
window.addEventListener("afterprint", restore);
matchMedia("print").addEventListener("change", ({ matches: printing }) => (printing ? lighten() : restore()));
