// The places that screen readers list by name: those that the theme leaves without one get it, and what is no place is
// taken off the list.
const NAMES = [
  [".md-sidebar--post .md-nav--primary", "This post"],
  [".md-sidebar--post .md-nav--primary .md-nav", "Metadata"],
  [".md-content .md-tags", "Tags"],
];

document$.subscribe(() => {
  for (const [selector, name] of NAMES) {
    document.querySelector(selector)?.setAttribute("aria-label", name);
  }
  // the label that names a section of the drawer is empty where the section has a page
  for (const nav of document.querySelectorAll(".md-nav[aria-labelledby]:not([aria-label])")) {
    const title = nav.querySelector(":scope > .md-nav__title")?.textContent.trim();
    if (title && !document.getElementById(nav.getAttribute("aria-labelledby"))?.textContent.trim()) {
      nav.removeAttribute("aria-labelledby");
      nav.setAttribute("aria-label", title);
    }
  }
  for (const nav of document.querySelectorAll(".md-post__action")) {
    const title = nav.closest("article")?.querySelector("h2")?.innerText.trim();
    nav.setAttribute("role", "none");
    nav.querySelector("a")?.setAttribute("aria-label", `Continue reading: ${title}`);
  }
  // the buttons of a block of code, which the theme makes when the block is near
  const content = document.querySelector(".md-content");
  const unlist = () => {
    for (const nav of content.querySelectorAll(".md-code__nav:not([role])")) {
      nav.setAttribute("role", "none");
    }
  };
  if (content) {
    unlist();
    new MutationObserver(unlist).observe(content, { childList: true, subtree: true });
  }
});
