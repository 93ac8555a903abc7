// The gate desk: missions, three rows to draw gates in, and what the memory makes of them.

const KEYS = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 }, TALL = { x: 34, gate: 46, c: 84, h: 64 };

// What gates, {name: [value per step]}, do in every sequence of a mission: c and h (sequences, steps), what is hit, the
// sequences that are right, the share of right steps, and the moves, as in Python.
function attempt(mission, gates) {
  const { make, weights } = CELLS[mission.cell], batch = mission.x.length, steps = mission.x[0].length;
  const set = { ...gates, ...mission.given }, rules = {};
  for (const gate of DATA.gates) rules[gate] = (step) => set[gate][step];
  const trace = make(batch, steps).forward(weights, Float64Array.from(mission.x.flat()), { override: rules });
  const rows = (name) => mission.x.map((_, b) => Array.from(trace[name].subarray(b * (steps + 1) + 1, (b + 1) * (steps + 1))));
  const made = { c: rows("c"), h: rows("h") };
  const hit = mission.x.map((row, b) => row.map((_, t) => Object.entries(mission.target).every(([state, wanted]) =>
    wanted[b][t] === null || Math.abs(made[state][b][t] - wanted[b][t]) < DATA.close)));
  const moves = DATA.gates.filter((gate) => !(gate in mission.given)).reduce((sum, gate) =>
    sum + set[gate].filter((value, t) => value !== (t ? set[gate][t - 1] : 0)).length, 0);
  const right = hit.filter((row) => row.every(Boolean)).length;
  return { ...made, hit, right, moves, share: hit.flat().filter(Boolean).length / hit.flat().length, solved: right === batch };
}

const shut = (mission) => Object.fromEntries(DATA.gates.map((gate) => [gate, mission.given[gate] ?? mission.x[0].map(() => 0)]));

function fits(mission, gates) {
  return DATA.gates.every((gate) => Array.isArray(gates?.[gate]) && gates[gate].length === mission.x[0].length &&
    gates[gate].every((value) => value >= 0 && value <= 1));
}

function show(main) {
  const done = kept("desk"), drawn = {}, best = {};
  for (const mission of DATA.missions) {
    drawn[mission.name] = fits(mission, done.drawn?.[mission.name]) ? done.drawn[mission.name] : shut(mission);
    const solved = done.solved?.[mission.name];
    if (fits(mission, solved) && attempt(mission, solved).solved) best[mission.name] = solved;
  }
  let mission = DATA.missions.find(({ name }) => name === done.mission) ?? DATA.missions[0], sequence = 0, onward = true;
  let made = attempt(mission, drawn[mission.name]);

  const job = add(main, "p", { class: "job" }), hint = add(main, "p");
  const desk = add(main, "div", { class: "rows", role: "group", "aria-label": "gates and memory, step by step" });
  const score = add(main, "div", { class: "bar", "aria-hidden": "true" }), full = add(score, "div");
  const say = lineOfText(main), tools = add(main, "div", { class: "row" });
  check(tools, { name: "a stroke sets all later steps, too", value: onward, on: (value) => { onward = value; } });
  button(tools, { name: "Shut all", on: () => put(shut(mission)) });
  button(tools, { name: "Next sequence", on: () => { sequence = (sequence + 1) % mission.x.length; draw(); } });
  const list = add(main, "div", { class: "row", role: "group", "aria-label": "missions" });
  main.insertBefore(list, job);
  const missions = DATA.missions.map((one) => button(list, { name: one.name, on: () => {
    [mission, sequence] = [one, 0];
    put(drawn[one.name]);
  } }));
  add(main, "p", { class: "soft" }, "Press in the row of a gate to open or shut it; drag to draw any height. By keyboard: Tab " +
    "to a row; left and right choose the step, up and down change it, Page Up and Page Down open and shut it.");

  const row = (name, small) => {
    const one = add(desk, "div", { class: "row-of" }), title = add(one, "div", { class: "name", "aria-hidden": "true" }, name);
    add(title, "small", {}, small);
    return { one, title, place: add(one, "div") };
  };
  const xRow = row("input", "");
  const pictures = [picture(xRow.place, { height: TALL.x + 16, name: "Input" }, drawInput)];
  const cursors = {}, places = {};
  for (const gate of DATA.gates) {
    const { one, title, place } = row(gate, "gate");
    title.style.borderColor = colour(gate);
    Object.assign(place, { className: "draw", tabIndex: 0 });
    for (const [name, value] of [["role", "slider"], ["aria-label", `${gate} gate`], ["aria-valuemin", 0], ["aria-valuemax", 1]])
      place.setAttribute(name, value);
    cursors[gate] = 0;
    places[gate] = { one, place };
    pictures.push(picture(place, { height: TALL.gate, name: "" }, (sheet) => drawGate(sheet, gate)));
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    handle(gate, place);
  }
  for (const [state, name] of [["c", "memory"], ["h", "output"]]) {
    const { title, place } = row(name, state === "c" ? "c, wanted: ○" : "h");
    title.style.borderColor = colour(state);
    pictures.push(picture(place, { height: TALL[state] + (state === "h" ? 20 : 0), name }, (sheet) => drawState(sheet, state)));
  }

  // ---- Hands ----

  function set(gate, from, to, value) {
    if (gate in mission.given) return;
    const values = [...drawn[mission.name][gate]], last = onward ? values.length - 1 : Math.max(from, to);
    for (let t = Math.min(from, to); t <= last; t++) values[t] = value;
    put({ ...drawn[mission.name], [gate]: values });
  }

  function put(gates) {
    drawn[mission.name] = gates;
    made = attempt(mission, gates);
    const before = best[mission.name];
    if (made.solved && (!before || made.moves < attempt(mission, before).moves)) best[mission.name] = gates;
    keep("desk", { mission: mission.name, drawn, solved: best });
    draw();
  }

  function handle(gate, place) {
    let last = null, began = null;
    const there = (event) => {
      const box = place.getBoundingClientRect(), steps = mission.x[0].length;
      const t = Math.max(0, Math.min(steps - 1, Math.floor(((event.clientX - box.left) / box.width) * steps)));
      const up = 1 - (event.clientY - box.top - 5) / (box.height - 10);
      return [t, up > 0.85 ? 1 : up < 0.15 ? 0 : Math.round(up * 20) / 20];
    };
    place.addEventListener("pointerdown", (event) => {
      place.setPointerCapture(event.pointerId);
      place.focus();
      event.preventDefault();
      const [t, value] = there(event), now = drawn[mission.name][gate][t];
      began = [event.clientX, event.clientY];
      last = cursors[gate] = t;
      set(gate, t, t, now === 0 ? 1 : now === 1 ? 0 : value);
    });
    place.addEventListener("pointermove", (event) => {
      if (last === null || began && Math.hypot(event.clientX - began[0], event.clientY - began[1]) < 5) return;
      began = null;
      for (const one of event.getCoalescedEvents?.() ?? [event]) {
        const [t, value] = there(one);
        set(gate, last, t, value);
        last = cursors[gate] = t;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) place.addEventListener(end, () => { last = null; });
    place.addEventListener("keydown", (event) => {
      const t = cursors[gate], now = drawn[mission.name][gate][t], steps = mission.x[0].length;
      const moved = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: steps - 1 }[event.key];
      if (moved !== undefined) cursors[gate] = Math.max(0, Math.min(steps - 1, moved));
      else if (event.key in KEYS) set(gate, t, t, Math.round(10 * Math.max(0, Math.min(1, now + KEYS[event.key]))) / 10);
      else return;
      event.preventDefault();
      draw();
    });
    for (const change of ["focus", "blur"]) place.addEventListener(change, () => draw());
  }

  // ---- Pictures ----

  const column = (width) => width / mission.x[0].length, signed = (v) => (v > 0 ? "+1" : v < 0 ? "−1" : "0");

  function marks(svg, width, height) {
    for (const t of Object.keys(mission.marks))
      add(svg, "rect", { x: t * column(width), y: 0, width: column(width), height, class: "event" });
  }

  function drawInput({ svg, width, height }) {
    const wide = column(width), middle = 16 + TALL.x / 2;
    marks(svg, width, height);
    mission.x[sequence].forEach((value, t) => {
      if (wide > 21) add(svg, "text", { x: (t + 0.5) * wide, y: middle + 4, class: "middle" }, signed(value));
      else add(svg, "rect", { x: t * wide + 1.5, y: value > 0 ? middle - 12 : middle, width: wide - 3, height: Math.max(1.5, 12 * Math.abs(value)),
        fill: "var(--soft)" });
    });
    for (const [t, mark] of Object.entries(mission.marks)) {
      const half = 4 * mark.length, x = Math.max(half, Math.min(width - half, (Number(t) + 0.5) * wide));
      add(svg, "text", { x, y: 12, class: "tick middle" }, mark);
    }
    return mission.x[sequence].map(signed).join(" ");
  }

  function drawGate({ svg, width, height }, gate) {
    const wide = column(width), values = drawn[mission.name][gate];
    marks(svg, width, height);
    values.forEach((value, t) => add(svg, "rect", { x: t * wide + 0.5, y: 4 + (1 - value) * (height - 8), width: wide - 1,
      height: value * (height - 8) + 2, style: `fill: ${colour(gate)}` }));
    if (mission.fewest === 1 && made.moves === 0 && !(gate in mission.given)) {
      add(svg, "rect", { x: wide + 1, y: 2, width: wide - 2, height: height - 4, rx: 4, class: "here" });
      add(svg, "text", { x: 2 * wide + 8, y: height / 2 + 4, class: "over" }, "← press here");
    }
    if (document.activeElement === places[gate].place)
      add(svg, "rect", { x: cursors[gate] * wide, y: 1, width: wide, height: height - 2, fill: "none", stroke: "var(--ink)", "stroke-width": 2 });
  }

  function drawState({ svg, width, height }, state) {
    const wide = column(width), tall = TALL[state], wanted = mission.target[state]?.[sequence] ?? [], values = made[state][sequence];
    const all = [...values, ...wanted.filter((value) => value !== null)], high = Math.max(1, ...all), low = Math.min(-1, ...all);
    const px = (t) => (t + 0.5) * wide, py = (value) => 8 + ((high - value) / (high - low)) * (tall - 16);
    marks(svg, width, tall);
    add(svg, "path", { d: `M0,${py(0)}h${width}`, class: "axis" });
    let hits = 0, asked = 0;
    wanted.forEach((value, t) => {
      if (value === null) return;
      const hit = Math.abs(values[t] - value) < DATA.close;
      [hits, asked] = [hits + hit, asked + 1];
      if (!hit) add(svg, "path", { d: `M${px(t)},${py(values[t])}V${py(value)}`, class: "miss" });
      add(svg, "circle", { cx: px(t), cy: py(value), r: Math.min(5, wide / 2.4), class: hit ? "hit" : "miss" });
    });
    line(svg, values.map((value, t) => [px(t), py(value)]), { of: state, wide: 2 });
    values.forEach((value, t) => add(svg, "circle", { cx: px(t), cy: py(value), r: Math.min(2.5, wide / 4), style: `fill: ${colour(state)}` }));
    if (state === "h") for (const t of ticks(0, values.length - 1, width < NARROW ? 5 : 11))
      add(svg, "text", { x: px(t), y: height - 5, class: "tick middle" }, String(t));
    return `${asked ? `${hits} of ${asked} targets are hit. ` : ""}Values: ${values.map(brief).join(" ")}`;
  }

  function draw() {
    job.textContent = mission.wanted;
    hint.textContent = mission.hint;
    missions.forEach((one, k) => {
      const { name } = DATA.missions[k], solved = best[name] && attempt(DATA.missions[k], best[name]).moves;
      one.textContent = solved === undefined ? name : `✓ ${name}`;
      one.setAttribute("aria-pressed", String(name === mission.name));
      one.setAttribute("aria-label", solved === undefined ? name : `${name}, solved in ${solved} moves`);
    });
    for (const gate of DATA.gates) {
      const { one, place } = places[gate], t = Math.min(cursors[gate], mission.x[0].length - 1), given = gate in mission.given;
      cursors[gate] = t;
      place.setAttribute("aria-valuenow", drawn[mission.name][gate][t]);
      place.setAttribute("aria-valuetext", `${drawn[mission.name][gate][t]} at step ${t}`);
      place.setAttribute("aria-readonly", String(given));
      one.querySelector("small").textContent = given ? "gate, set" : "gate";
    }
    xRow.title.querySelector("small").textContent = `x, ${sequence + 1} of ${mission.x.length}`;
    full.style.width = `${100 * made.share}%`;
    const now = `${Math.round(100 * made.share)} % of the steps are right, in all ${mission.x.length} sequences; ${made.right} are right ` +
      `throughout. Moves: ${made.moves}; fewest: ${mission.fewest}.`;
    say(made.solved ? `Solved${made.moves === mission.fewest ? ", and nobody can do it in less" : ""}. ${now}` : now);
    for (const again of pictures) again();
  }
  draw();
}
