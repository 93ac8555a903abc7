// What a widget is made of: controls that say their value, a line that is read out, and its place in another page.

// A slider with its name and its value; show(value) is that in words. Returns { input, set }.
function slider(parent, { name, min, max, step, value, show = String, on }) {
  const label = add(parent, "label", { class: "field" }), head = add(label, "span", { class: "name" }, name);
  const output = add(head, "output"), input = add(label, "input", { type: "range", min, max, step, "aria-label": name });
  const set = (now) => {
    input.value = now;
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    set(Number(input.value));
    on(Number(input.value));
  });
  set(value);
  return { input, set };
}

function choice(parent, { name, options, value, on }) {
  const label = add(parent, "label", { class: "field" });
  add(label, "span", { class: "name" }, name);
  const input = add(label, "select", { "aria-label": name });
  for (const [one, text] of options) add(input, "option", { value: one }, text);
  input.value = value;
  input.addEventListener("change", () => on(input.value));
  return input;
}

function check(parent, { name, value = false, on }) {
  const label = add(parent, "label", { class: "check" }), input = add(label, "input", { type: "checkbox" });
  label.append(name);
  input.checked = value;
  input.addEventListener("change", () => on(input.checked));
  return input;
}

function button(parent, { name, on, main = false }) {
  const one = add(parent, "button", { type: "button", class: main ? "main" : "" }, name);
  one.addEventListener("click", on);
  return one;
}

// The line of text under a widget: seen at once, read out when the hand is still.
function lineOfText(parent, silent = false) {
  const seen = add(parent, "p", { class: "said", ...(silent ? { hidden: "" } : {}) }), heard = add(parent, "p", { class: "aside", role: "status" });
  let waiting = null;
  return (text) => {
    seen.textContent = text;
    clearTimeout(waiting);
    waiting = setTimeout(() => { heard.textContent = text; }, 400);
  };
}

// Does tasks one after the other while nothing else is to be done, after a pause in ms; what it returns leaves the rest.
function meanwhile(tasks, pause = 0) {
  const wait = (next) => (window.requestIdleCallback ?? setTimeout)(next, { timeout: 200 });
  let left = [...tasks];
  const next = () => {
    if (!left.length) return;
    left.shift()();
    wait(next);
  };
  setTimeout(() => wait(next), pause);
  return () => { left = []; };
}

// What the learner did, kept by the browser where it may.
function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(`gates ${name}`)) ?? {};
  } catch {
    return {};
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(`gates ${name}`, JSON.stringify(value));
  } catch { /* a page that may keep nothing */ }
}

// In another page: as high as what it shows, in the theme of what is around, and instead of the still before it.
function settle() {
  let frame = null;
  try { frame = window.frameElement; } catch { /* of another origin */ }
  if (!frame) return;
  frame.previousElementSibling?.remove();
  new ResizeObserver(() => { frame.style.height = `${document.documentElement.offsetHeight}px`; }).observe(document.body);
  const around = frame.ownerDocument, theme = () => {
    let element = frame, shade = [255, 255, 255];
    for (; element; element = element.parentElement) {
      const found = getComputedStyle(element).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
      if (found.length === 3 || found[3] > 0.5) { shade = found; break; }
    }
    document.documentElement.style.colorScheme = 0.3 * shade[0] + 0.6 * shade[1] + 0.1 * shade[2] < 128 ? "dark" : "light";
  };
  const watch = new MutationObserver(theme);
  for (const element of [around.documentElement, around.body]) watch.observe(element, { attributes: true });
  theme();
}
