// Loads the comments of a post from giscus.app when the reader asks for them.
document$.subscribe(() => {
  const button = document.querySelector(".mlblog-comments button");
  button?.addEventListener("click", () => {
    const dark = document.body.dataset.mdColorScheme === "slate";
    const script = document.createElement("script");
    script.src = "https://giscus.app/client.js";
    script.async = true;
    script.crossOrigin = "anonymous";
    Object.assign(script.dataset, button.dataset, {
      mapping: "pathname",
      strict: "1",
      reactionsEnabled: "1",
      inputPosition: "top",
      theme: dark ? "dark" : "light",
      lang: document.documentElement.lang,
    });
    button.replaceWith(script);
  });
});
