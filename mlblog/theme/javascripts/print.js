// Prints in the light scheme, figures included.
let read = null;

matchMedia("print").addEventListener("change", ({ matches: printing }) => {
  const { dataset } = document.body;
  if (printing) {
    read = dataset.mdColorScheme;
    dataset.mdColorScheme = "default";
  } else if (read) {
    dataset.mdColorScheme = read;
  }
});
