// Shows the reference of a citation on hover, focus or tap, taken from the page's list of references.
let opened = null; // {link, card}
let waiting = 0;
let returning = false;

function close() {
  window.clearTimeout(waiting);
  const card = opened?.card;
  opened = null; // first, since removing a card with focus fires an event
  card?.remove();
}

function place(link, card) {
  const gap = 6;
  const at = link.getClientRects()[0];
  const { width, height } = card.getBoundingClientRect();
  const right = document.documentElement.clientWidth - width - gap;
  const below = at.bottom + gap;
  const fits = below + height < window.innerHeight || at.top < height + gap;
  card.style.left = `${Math.max(gap, Math.min(at.left, right))}px`;
  card.style.top = `${fits ? below : at.top - height - gap}px`;
}

function open(link, told) {
  if (opened?.link === link) {
    return;
  }
  close();
  const card = document.createElement("span");
  card.className = "mlblog-card";
  card.append(...told.cloneNode(true).childNodes);
  card.addEventListener("pointerenter", () => window.clearTimeout(waiting));
  card.addEventListener("pointerleave", () => later(close));
  card.addEventListener("focusout", leave);
  // after the link, so that Tab leads from it to the card's own links
  link.after(card);
  place(link, card);
  opened = { link, card };
}

function later(act) {
  window.clearTimeout(waiting);
  waiting = window.setTimeout(act, 200);
}

function leave({ relatedTarget }) {
  if (opened && relatedTarget !== opened.link && !opened.card.contains(relatedTarget)) {
    close();
  }
}

document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || !opened) {
    return;
  }
  const { link, card } = opened;
  const inside = card.contains(document.activeElement);
  close();
  if (inside) {
    returning = true; // focus returns to the citation without reopening its card
    link.focus();
    returning = false;
  }
});
document.addEventListener("scroll", close, { passive: true });
document.addEventListener("pointerdown", ({ target }) => {
  if (opened && target !== opened.link && !opened.card.contains(target)) {
    close();
  }
});

document$.subscribe(() => {
  close();
  for (const link of document.querySelectorAll("a.mlblog-cite")) {
    const reference = link.pathname === location.pathname && document.getElementById(link.hash.slice(1));
    const told = reference && reference.querySelector("p");
    if (!told) {
      continue; // in an excerpt, whose references are on the post's own page
    }
    told.id = `${reference.id}-text`;
    link.setAttribute("aria-describedby", told.id);
    let touched = false;
    link.addEventListener("pointerdown", ({ pointerType }) => {
      touched = pointerType !== "mouse" && opened?.link !== link;
    });
    link.addEventListener("click", (press) => {
      // the first tap shows the card, a second follows the link
      if (touched) {
        press.preventDefault();
        press.stopPropagation();
        open(link, told);
      }
      touched = false;
    });
    link.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") {
        later(() => open(link, told));
      }
    });
    link.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && later(close));
    link.addEventListener("focus", () => !returning && link.matches(":focus-visible") && open(link, told));
    link.addEventListener("blur", leave);
  }
});
