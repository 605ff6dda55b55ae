// Draws the diagrams of a page when they are near, in the reader's colours. Pages with a diagram load this file, and it
// loads Mermaid, which is too heavy for any other page.
{
  const mermaidAt = new URL("mermaid.tiny.js", document.currentScript.src).href;
  let fetched = null;
  let count = 0;

  function mermaidHere() {
    fetched ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = mermaidAt;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${mermaidAt} did not load`));
      document.head.append(script);
    });
    return fetched;
  }

  function colours() {
    const style = getComputedStyle(document.body);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      darkMode: document.body.dataset.mdColorScheme === "slate",
      background: of("--paper"),
      primaryColor: of("--raised"),
      primaryTextColor: of("--ink"),
      primaryBorderColor: of("--ink-soft"),
      secondaryColor: of("--raised"),
      tertiaryColor: of("--paper"),
      lineColor: of("--ink-soft"),
      textColor: of("--ink"),
      edgeLabelBackground: of("--paper"),
      fontFamily: of("--sans"),
      fontSize: "15px",
    };
  }

  async function draw(source) {
    const place = source.nextElementSibling?.matches(".mlblog-drawn") ? source.nextElementSibling : document.createElement("div");
    place.className = "mlblog-drawn";
    place.style.overflowX = "auto";
    source.after(place);
    try {
      await mermaidHere();
      const themeVariables = colours();
      mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: "base", themeVariables, fontFamily: themeVariables.fontFamily });
      const { svg } = await mermaid.render(`mlblog-diagram-${(count += 1)}`, source.textContent, place); // measured here
      place.innerHTML = svg;
      source.style.display = "none";
    } catch (error) {
      place.className = "mlblog-drawn mlblog-error";
      place.textContent = `This diagram cannot be drawn: ${error.message}`;
    }
  }

  const diagrams = document.querySelectorAll(".mlblog-diagram");
  const near = new IntersectionObserver(
    (found) => {
      for (const { isIntersecting, target } of found) {
        if (isIntersecting) {
          near.unobserve(target);
          draw(target);
        }
      }
    },
    { rootMargin: "400px" },
  );
  for (const diagram of diagrams) near.observe(diagram);

  new MutationObserver(async () => {
    for (const diagram of diagrams) if (diagram.style.display === "none") await draw(diagram);
  }).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}
