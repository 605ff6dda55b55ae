// Where the window has no room for the table of contents beside the text, it stands folded below the title.
document$.subscribe(() => {
  const list = document.querySelector(".md-sidebar--secondary .md-nav--secondary > .md-nav__list");
  const title = document.querySelector(".md-content__inner > h1");
  if (!list || !title || document.querySelector(".mlblog-contents")) {
    return;
  }
  const contents = document.createElement("details");
  contents.className = "mlblog-contents";
  const summary = document.createElement("summary");
  summary.textContent = "On this page";
  const nav = document.createElement("nav");
  nav.setAttribute("aria-label", "On this page");
  const copied = document.createElement("ul");
  for (const link of list.querySelectorAll(":scope > .md-nav__item > .md-nav__link")) {
    const item = document.createElement("li");
    const way = document.createElement("a");
    way.href = link.getAttribute("href");
    way.textContent = link.textContent.trim();
    item.append(way);
    copied.append(item);
  }
  nav.append(copied);
  contents.append(summary, nav);
  title.after(contents);
});
