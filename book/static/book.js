// Predictions are answered in the page and kept by the browser; the results after one stay folded until it is answered.

const store = {
  get(name) {
    try { return localStorage.getItem(`gates prediction ${name}`); } catch { return null; }
  },
  set(name, value) {
    try { localStorage.setItem(`gates prediction ${name}`, value); } catch { /* a page that may keep nothing */ }
  },
};

// What stands on the page in this order: questions, and the results after them.
function parts() {
  return [...document.querySelectorAll("fieldset.prediction, details.fold.result")];
}

function open(results) {
  for (const one of results) one.open = true;
}

// The results between a question and the next one.
function after(asked) {
  const all = parts(), rest = all.slice(all.indexOf(asked) + 1), next = rest.findIndex((one) => one.matches("fieldset"));
  return next < 0 ? rest : rest.slice(0, next);
}

function tell(asked, chosen) {
  const { prediction, right } = asked.dataset, choices = [...asked.querySelectorAll("label span")].map((one) => one.textContent);
  const told = document.querySelector(`[data-told="${prediction}"]`);
  if (told) told.textContent = chosen === right ? "You predicted it:" : `You predicted: ${choices[chosen]}. What happens:`;
  const noted = asked.querySelector(".noted");
  noted.textContent = "Noted. Read on: what happens, and why, comes with the verdict.";
}

function bring(asked) {
  const name = asked.dataset.prediction, buttons = [...asked.querySelectorAll("input")];
  for (const button of buttons) {
    button.addEventListener("change", () => {
      store.set(name, button.value);
      tell(asked, button.value);
      open(after(asked));
    });
  }
  const kept = store.get(name);
  if (buttons[kept]) {
    buttons[kept].checked = true;
    tell(asked, kept);
    open(after(asked));
  }
}

for (const asked of document.querySelectorAll("fieldset.prediction")) bring(asked);

const results = parts().filter((one) => one.matches("details"));
for (const button of document.querySelectorAll(".tools .all")) {
  button.hidden = results.length === 0;
  button.addEventListener("click", () => open(results));
}
addEventListener("beforeprint", () => open(results));

// What is wider than the page scrolls by itself, also by keyboard.
const wide = () => {
  for (const box of document.querySelectorAll("article pre, article .math-wrapper > .math, article .table-wrapper, .scroll, article p:has(> img)")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("load", wide);
addEventListener("resize", wide);
document.addEventListener("toggle", wide, true);

// What a word of the glossary means, beside it: where a hand points or the focus is. A finger's second tap follows the link.
const meaning = document.createElement("div");
let leaving = null;
function say(link) {
  clearTimeout(leaving);
  if (!link.dataset.means) return;
  meaning.textContent = link.dataset.means;
  meaning.hidden = false;
  const around = meaning.offsetParent.getBoundingClientRect(), at = link.getClientRects()[0];
  meaning.style.top = `${at.bottom - around.top + 4}px`;
  meaning.style.left = `${Math.max(0, Math.min(at.left - around.left, around.width - meaning.offsetWidth))}px`;
}
function hush() {
  clearTimeout(leaving);
  leaving = setTimeout(() => { meaning.hidden = true; }, 200); // time for a hand to reach what it reads
}
for (const link of document.querySelectorAll('article a[title][href*="glossary.html#"]')) {
  link.dataset.means = link.title;
  link.setAttribute("aria-description", link.title);
  link.removeAttribute("title");
  link.addEventListener("pointerenter", () => say(link));
  link.addEventListener("focus", () => say(link));
  link.addEventListener("pointerleave", hush);
  link.addEventListener("blur", hush);
  link.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || link.dataset.tapped) return;
    event.preventDefault();
    for (const other of document.querySelectorAll("a[data-tapped]")) delete other.dataset.tapped;
    link.dataset.tapped = "once";
    say(link);
  });
}
meaning.className = "meaning";
meaning.hidden = true;
meaning.setAttribute("role", "tooltip");
meaning.addEventListener("pointerenter", () => clearTimeout(leaving));
meaning.addEventListener("pointerleave", hush);
document.querySelector("article")?.append(meaning);
addEventListener("keydown", (event) => { if (event.key === "Escape") meaning.hidden = true; });

// Opened from a disk, the search may not read other pages for its excerpts.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// A widget comes to life when its reader comes near: until then its still is seen.
const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    const frame = target.querySelector("iframe[data-srcdoc]");
    near.unobserve(target);
    frame.srcdoc = frame.dataset.srcdoc;
    delete frame.dataset.srcdoc;
  }
}, { rootMargin: "800px" });
for (const frame of document.querySelectorAll("iframe[data-srcdoc]")) near.observe(frame.parentElement);

// The ledger, sorted by one of its columns.
for (const button of document.querySelectorAll("table.ledger button")) {
  button.setAttribute("aria-pressed", button.dataset.column === "0");
  button.addEventListener("click", () => {
    const table = button.closest("table"), body = table.tBodies[0], key = `k${button.dataset.column}`;
    const order = button.dataset.column === "3" ? -1 : 1;
    const rows = [...body.rows].sort((a, b) => order * (a.dataset[key] - b.dataset[key]) || a.dataset.k0 - b.dataset.k0);
    body.append(...rows);
    for (const one of table.querySelectorAll("button")) one.setAttribute("aria-pressed", one === button);
  });
}
