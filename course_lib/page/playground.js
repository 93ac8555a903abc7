// The page's side of the playground: settings, the run's buttons, and pictures of what the worker tells.

const DATA = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector("form"), at = (id) => document.getElementById(id), field = (name) => form.elements[name];
const worker = new Worker(URL.createObjectURL(new Blob([at("worker").textContent], { type: "text/javascript" })));
let settings = settingsIn(location.hash, DATA), seen = null, playing = false, wanted = false, asked = 0, spoken = 0, typing = 0;

// ---- Pictures ----

const seenBy = (draw) => (place) => (seen?.told ? draw(place, seen) : "");
const pictures = [
  picture(at("loss"), { height: 260, name: "Loss by update" }, seenBy(drawLoss)),
  picture(at("score"), { height: 260, name: "Share of right answers by update" }, seenBy(drawScore)),
  picture(at("gradient"), { height: 260, name: "Gradient by lag" }, seenBy(drawGradient)),
  ...[0, 1].map((k) => picture(at(`gates${k}`), { height: () => gatesHeight(seen?.told?.runners[k]), name: "Gates over one sequence" },
    seenBy((place, all) => drawGates(place, all, k)))),
];
let drawing = false;

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    for (const again of pictures) again();
  });
}

function drawKeys() {
  for (const keys of document.querySelectorAll(".keys")) {
    keys.replaceChildren();
    seen.runs.forEach((run, k) => key(keys, { ...LOOKS[k], name: run.name }));
  }
  [0, 1].forEach((k) => {
    const run = seen.runs[k];
    at(`gates${k}`).parentElement.hidden = !run;
    at(`t-gates${k}`).textContent = run ? `${run.name} in one sequence` : "";
  });
  at("equations").replaceChildren();
  for (const name of new Set(seen.runs.map((run) => run.name))) {
    const [about, ...rest] = DATA.cells[name].doc.split("\n\n"), box = add(at("equations"), "details");
    add(box, "summary", {}, name);
    add(box, "p", { class: "soft" }, about);
    add(box, "pre", { tabindex: 0, "aria-label": `equations of ${name}` }, rest[0] ?? "");
    box.open = true;
  }
}

// ---- What the worker tells ----

worker.onmessage = ({ data }) => {
  if (data.error) {
    say(`This run ended: ${data.error}`, true);
    return;
  }
  if (data.asked !== asked) return;  // of a run that was left
  const first = seen.told === null;
  data.runners.forEach((runner, k) => seen.runs[k].take(runner));
  seen.told = data;
  seen.changes = data.changes;
  if (JSON.stringify(settings.changes) !== JSON.stringify(data.changes)) {
    settings.changes = data.changes;
    keepAddress();
  }
  const ended = playing && !data.playing;
  playing = data.playing;
  at("play").textContent = playing ? "Pause" : "Play";
  at("play").disabled = at("step").disabled = data.runners.every((runner) => runner.ended);
  tellBias(data);
  say(sentence(data), first || ended || !playing);
  draw();
};

function sentence({ updates, runners, speed }) {
  const parts = runners.map(({ name, ended, when }, k) => {
    const run = seen.runs[k];
    if (!run.losses.length) return ended ? `${name}: its loss is no number` : name;
    const end = ended === "solved" ? `, solved after ${when} updates` : ended ? ": its loss is no number any more" : "";
    return `${name}: loss ${brief(run.mean("losses"))}, ${Math.round(100 * run.mean("scores"))}\u00a0% right${end}`;
  });
  if (!updates) return `Ready. ${parts.join(" against ")}, on ${seen.told.steps} steps.`;
  return `${updates} update${updates > 1 ? "s" : ""}. ${parts.join(". ")}. ${Math.round(speed)} updates a second.`;
}

// Shown at once; spoken when something ended, and every ten seconds meanwhile.
function say(text, aloud) {
  at("said").textContent = text;
  if (!aloud && performance.now() - spoken < 10000) return;
  spoken = performance.now();
  at("news").textContent = text;
}

function tellBias({ runners }) {
  const gated = runners.find((runner) => runner.bias !== null), nudge = at("nudge");
  at("now").textContent = gated ? `bias of the ${DATA.cells[gated.name].gate} gate, now` : "bias of a gate, now";
  nudge.disabled = !gated;
  at("about-nudge").textContent = gated
    ? "The mean over its units. Move it in the middle of training." : "Neither cell has a gate on its memory.";
  if (gated && document.activeElement !== nudge) nudge.value = gated.bias;
  nudge.parentElement.querySelector("output").textContent = gated ? gated.bias.toFixed(2).replace("-", "−") : "";
  nudge.setAttribute("aria-valuetext", gated ? gated.bias.toFixed(2) : "none");
}

// ---- Settings ----

function keepAddress() {
  try {
    history.replaceState(null, "", addressOf(settings));
  } catch { /* a page within another that has no address */ }
}

function begin() {
  clearTimeout(typing);
  const chosen = [settings.cell, settings.against].filter(Boolean), problem = chosen.includes(YOURS) ? readEquations() : "";
  const { cell, against, equations, ...rest } = settings;
  asked += 1;
  keepAddress();
  show();
  at("problem").textContent = problem;
  field("equations").setAttribute("aria-invalid", String(problem !== ""));
  document.querySelector(".charts").hidden = problem !== "" && !seen?.told;
  if (problem) {
    leave(problem);
    return;
  }
  seen = { told: null, changes: [], runs: chosen.map((name) => new Run(name)) };
  drawKeys();
  worker.postMessage(["begin", { ...rest, asked, cells: chosen.map((name) => ({ name, about: DATA.cells[name] })) }]);
  if (wanted) worker.postMessage(["play"]);
}

// Nothing runs until the typed cell can; the pictures stay those of the run before.
function leave(problem) {
  playing = false;
  worker.postMessage(["leave"]);
  at("play").textContent = "Play";
  for (const id of ["play", "step", "nudge"]) at(id).disabled = true;
  say(`${YOURS} cannot run. ${problem}${seen?.told ? " The pictures are of the run before." : ""}`, true);
}

// Reads the typed cell into DATA; what is wrong with it, as a sentence, or "".
function readEquations() {
  try {
    DATA.cells[YOURS] = aboutEquations(settings.equations, DATA.helpers);
    return "";
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    delete DATA.cells[YOURS];
    return error.message;
  }
}

function show() {
  for (const name of Object.keys(FIRST)) field(name).value = settings[name];
  field("lag").min = Math.max(3, DATA.tasks[settings.task].least);
  field("lag").value = settings.lag;
  for (const [name, text] of [["lag", `${settings.lag} steps`], ["bias", String(settings.bias)]]) {
    field(name).parentElement.querySelector("output").textContent = text.replace("-", "−");
    field(name).setAttribute("aria-valuetext", text);
  }
  document.querySelector("[data-for=bias]").hidden = settings.start !== "forget_bias";
  at("about-task").textContent = DATA.tasks[settings.task].says;
  at("typed").hidden = ![settings.cell, settings.against].includes(YOURS);
  const names = [settings.cell, settings.against].filter((name) => DATA.cells[name]), able = (about) =>
    ({ default: true, identity: Object.keys(about.identity).length > 0 })[settings.start] ?? Object.keys(about.keepers).length > 0;
  const unable = names.filter((name) => !able(DATA.cells[name]));
  at("about-start").textContent = unable.length ? `${unable.join(" and ")} ${unable.length > 1 ? "have" : "has"} no such start and begins from the default.` : "";
}

for (const [name, options] of [["cell", Object.keys(DATA.cells)], ["task", Object.keys(DATA.tasks)], ["rate", RATES], ["units", UNITS],
  ["batch", BATCHES]]) for (const option of options) add(field(name), "option", { value: option }, String(option));
for (const [value, text] of [["", "nothing"], ...Object.keys(DATA.cells).map((name) => [name, name])]) add(field("against"), "option", { value }, text);
for (const name of ["cell", "against"]) add(field(name), "option", { value: YOURS }, "your own equations");

[at("nudge").min, at("nudge").max] = [MOVED.low, MOVED.high];
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", ({ target }) => {
  if (target.id === "nudge") {
    worker.postMessage(["bias", Number(target.value)]);
    return;
  }
  if (target.name === "equations") {  // read when the hand rests
    [settings.equations, settings.changes] = [target.value, []];
    clearTimeout(typing);
    typing = setTimeout(begin, 400);
    return;
  }
  if (target.value === YOURS && settings.equations === FIRST.equations) {  // of the cell that was chosen, to change them
    settings.equations = DATA.cells[settings[target.name]]?.doc.split("\n\n")[1] ?? FIRST.equations;
  }
  const given = new URLSearchParams({ ...settings, [target.name]: target.value });
  given.delete("changes");
  settings = settingsIn(given.toString(), DATA);
  begin();
});
window.addEventListener("hashchange", () => {
  settings = settingsIn(location.hash, DATA);
  begin();
});

at("play").addEventListener("click", () => {
  wanted = !playing;
  worker.postMessage([wanted ? "play" : "pause"]);
});
at("step").addEventListener("click", () => {
  wanted = false;
  worker.postMessage(["step"]);
});
at("to-settings").addEventListener("click", () => {
  form.scrollIntoView();
  field("cell").focus({ preventScroll: true });
});
at("again").addEventListener("click", () => {
  [settings.changes, wanted] = [[], false];
  begin();
});
begin();
