// The worker's side: it trains while it is told to, and posts what happened about ten times a second.

const SLICE = 90;  // ms
let race = null, playing = false, busy = 0, asked = 0;

function tell() {
  postMessage({ ...race.news(), playing, asked, speed: busy ? (1000 * race.updates) / busy : 0 });
}

function work(most = Infinity) {
  const began = performance.now();
  do race.update(); while (--most > 0 && !race.over && performance.now() - began < SLICE);
  busy += performance.now() - began;
  if (race.over) playing = false;
  tell();
}

function loop() {
  if (!playing) return;
  work();
  setTimeout(loop);
}

const DOES = {
  begin(setup) {
    [race, playing, busy, asked] = [new Race(setup), false, 0, setup.asked];
    tell();
  },
  play() {
    if (playing || race.over) return;
    playing = true;
    loop();
  },
  pause() {
    playing = false;
    tell();
  },
  leave() {
    playing = false;
  },
  step() {
    playing = false;
    if (!race.over) work(1);
  },
  bias(value) {
    race.changes = [...race.changes.filter(([update]) => update < race.updates), [race.updates, value]];
    if (!playing) tell();
  },
};

onmessage = ({ data: [what, value] }) => {
  try {
    DOES[what](value);
  } catch (error) {
    playing = false;
    postMessage({ error: error.message });
  }
};
