// Filters the list, and marks in it what is shown.
const at = (id) => document.getElementById(id);
const filter = at("filter");
const parts = [...document.querySelectorAll("#list details")].map((part) => ({
  part,
  open: part.open,
  links: [...part.querySelectorAll("a")].map((link) => ({ item: link.parentElement, link, name: link.textContent.toLowerCase() })),
}));

function sift() {
  const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { part, open, links } of parts) {
    let found = 0;
    for (const { item, name } of links) {
      item.hidden = !words.every((word) => name.includes(word));
      if (!item.hidden) found += 1;
    }
    part.hidden = found === 0;
    part.open = words.length > 0 ? found > 0 : open;
    count += found;
  }
  at("found").textContent = words.length === 0 ? "" : count > 0 ? `共 ${count} 项` : "没有匹配的名称";
}

function mark() {
  const to = decodeURIComponent(location.hash.slice(1));
  // A field is part of its type; the fields of the roots have a place of their own.
  const known = [to, to.split(".")[0]];
  for (const { part, links } of parts) {
    for (const { link } of links) {
      const is = known.includes(link.hash.slice(1));
      if (is) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (is) part.open = true;
    }
  }
  // The list alone is scrolled: the page is where the link led.
  const list = document.querySelector("nav");
  const shown = list.querySelector("[aria-current]");
  if (shown) list.scrollTop += shown.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 2;
}

filter.addEventListener("input", sift);
filter.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    filter.value = "";
    sift();
  }
  if (event.key === "Enter") document.querySelector("#list li:not([hidden]) a")?.click();
});
addEventListener("hashchange", mark);
// The plain explorer has a bar of its own.
document.body.classList.toggle("framed", window !== top);
// What the browser brought back from before is looked for again.
if (filter.value) sift();
if (location.hash) mark();
