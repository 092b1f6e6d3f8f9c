// The live page: the list of runs, and the view of one. Nothing from the server is ever read as markup, only as text.

const byId = id => document.getElementById(id);
const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds));
const grouped = number => number.toLocaleString("en");
const counted = (number, one) => `${grouped(number)} ${one}${number === 1 ? "" : "s"}`;
const show = (element, shown) => { element.hidden = !shown; };
const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function made(name, words = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(words)) element[key] = value;
  element.append(...children);
  return element;
}

// A browser may refuse to keep anything (private windows, policies): then nothing is remembered.
function kept(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}
function keep(key, value) {
  try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* as above */ }
}

// ---- Asking the server ----------------------------------------------------------------------------------------------

let ahead = 0;  // milliseconds by which this clock is ahead of the server's

async function ask(path, options = {}) {
  for (;;) {
    const answer = await fetch(path, {signal: AbortSignal.timeout(60_000), ...options});
    const date = Date.parse(answer.headers.get("date") ?? "");
    const difference = Date.now() - date;
    if (date) ahead = Math.abs(difference) > 2_000 ? difference : 0;  // the header has whole seconds
    if (answer.status !== 401) return answer;
    await admission();
  }
}

// Why an answer did not come, or nothing to say where the server is away.
const why = error => error instanceof TypeError || error.name === "TimeoutError" ? "" : error.message;

async function sentence(answer) {
  try {
    const {title, description} = await answer.json();
    return description || title;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

let asking = null;  // the one dialog for all who were refused

function admission() {
  asking ??= new Promise(admitted => {
    const dialog = byId("admission"), token = byId("token"), refusal = byId("refusal"), button = byId("admit");
    const go = async () => {
      if (!token.value.trim()) return token.focus();
      button.disabled = true;
      write(refusal, "");
      try {
        const answer = await fetch("/api/v1/session", {
          method: "POST",
          headers: {"Authorization": `Bearer ${token.value.trim()}`, "Content-Type": "application/json"},
          body: "{}",
        });
        if (answer.ok) {
          token.value = "";
          dialog.onclose = null;
          dialog.close();
          asking = null;
          admitted();
        } else {
          const isWrong = [401, 403].includes(answer.status);
          write(refusal, isWrong ? "That is not this server's token." : await sentence(answer));
          token.select();
        }
      } catch {
        write(refusal, "The server does not answer.");
      }
      button.disabled = false;
    };
    button.onclick = go;
    token.onkeydown = event => { if (event.key === "Enter") go(); };
    dialog.onclose = () => dialog.showModal();  // there is nothing to see without it
    dialog.showModal();
    token.focus();
  });
  return asking;
}

async function redeem() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await fetch("/api/v1/session", {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({code}),
    });
  } catch { /* whoever asks next will see */ }
}

// ---- Words for times ------------------------------------------------------------------------------------------------

const now = () => Date.now() - ahead;

function since(moment) {
  const seconds = Math.max(0, (now() - moment) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  if (seconds < 30 * 86_400) return counted(Math.floor(seconds / 86_400), "day") + " ago";
  return new Date(moment).toISOString().slice(0, 10);
}

function tell(element, moment) {
  write(element, since(moment));
  if (element.moment === moment) return;
  element.moment = moment;
  element.dateTime = new Date(moment).toISOString();
  element.title = new Date(moment).toLocaleString();
}

// ---- Light and dark -------------------------------------------------------------------------------------------------

const system = matchMedia("(prefers-color-scheme: dark)");
const themed = new EventTarget();
const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

function settleTheme() {
  const choice = kept("liveplot-theme");
  if (choice === "dark" || choice === "light") document.documentElement.dataset.theme = choice;
  else delete document.documentElement.dataset.theme;
  byId("theme").setAttribute("aria-pressed", isDark());
  byId("theme").querySelector("use").setAttribute("href", isDark() ? "#sun" : "#moon");
  themed.dispatchEvent(new Event("change"));
}

function toggleTheme() {
  const wanted = isDark() ? "light" : "dark";
  keep("liveplot-theme", wanted === (system.matches ? "dark" : "light") ? null : wanted);  // as the system again
  settleTheme();
}

// ---- The list -------------------------------------------------------------------------------------------------------

const LIVE = 5_000;  // milliseconds after a row in which a run counts as live, in the list and on its own page
const isLive = (rows, changed) => rows > 0 && now() - changed < LIVE;
const MANY = 8;  // runs from which on there is a search

function openList() {
  const items = new Map();
  let runs = [];
  show(byId("list"), true);
  document.title = "Runs · liveplot";
  write(byId("by-command"), `liveplot push ${location.origin}/ loss.csv`);
  write(byId("by-python"), [
    "import liveplot_cli",
    `with liveplot_cli.push("${location.origin}/", "first") as run:`,
    "    for step in range(100): run(step=step, loss=1 / (1 + step))",
  ].join("\n"));

  function item(run) {
    const title = made("bdi", {className: "title"}), name = made("span", {className: "name"});
    const count = made("span", {className: "count"}), time = made("time");
    const dot = made("span", {className: "dot", role: "img", ariaLabel: "live", title: "rows are coming in"});
    const link = made("a", {href: `/runs/${encodeURIComponent(run.run)}`}, dot,
      made("span", {className: "text"}, title, name), count, time);
    return {row: made("li", {}, link), title, name, count, time, dot};
  }

  function draw() {
    const words = byId("filter").value.trim().toLowerCase();
    const found = runs.filter(run => `${run.title}\n${run.run}`.toLowerCase().includes(words));
    const rows = found.map(run => {
      if (!items.has(run.run)) items.set(run.run, item(run));
      const {row, title, name, count, time, dot} = items.get(run.run);
      const changed = Date.parse(run.updated);
      write(title, run.title || run.run);
      write(name, run.title ? run.run : "");
      write(count, counted(run.rows, "row"));
      tell(time, changed);
      dot.classList.toggle("live", isLive(run.rows, changed));
      return row;
    });
    const list = byId("runs");
    rows.forEach((row, place) => {  // what stands in its place is left there, for it may have the focus
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    });
    while (list.children.length > rows.length) list.lastChild.remove();
    show(list, rows.length > 0);
    show(byId("filter"), runs.length > MANY);
    show(byId("none-found"), runs.length > 0 && !rows.length);
    show(byId("empty"), !runs.length);
  }

  async function watch() {
    for (;;) {
      if (document.hidden) await new Promise(seen => document.addEventListener("visibilitychange", seen, {once: true}));
      try {
        const answer = await ask("/api/v1/runs");
        if (!answer.ok) throw new Error(await sentence(answer));
        ({runs} = await answer.json());
        write(byId("list-state"), "");
        draw();
      } catch (error) {
        byId("list-state").dataset.state = "offline";
        write(byId("list-state"), why(error) || "the server does not answer; trying again");
      }
      await sleep(2_000);
    }
  }

  byId("filter").addEventListener("input", draw);
  setInterval(() => { if (!document.hidden && runs.length) draw(); }, 1_000);
  watch();
}

// ---- News of a run --------------------------------------------------------------------------------------------------

// A browser has six connections to a server for all its tabs, and a stream of events holds one for as long as it is
// open. So at most three tabs have one; they sign a list that they share, and whose name is not renewed has gone.
const leases = {
  own: Math.random().toString(36).slice(2),
  timer: 0,
  read() {
    try {
      return Object.entries(JSON.parse(kept("liveplot-streams")) ?? {}).filter(([, {until}]) => until > Date.now());
    } catch {
      return [];
    }
  },
  sign(from) {
    const others = this.read().filter(([owner]) => owner !== this.own);
    const own = from ? [[this.own, {from, until: Date.now() + 10_000}]] : [];
    keep("liveplot-streams", JSON.stringify(Object.fromEntries([...others, ...own])));
  },
  take(lost) {
    if (this.read().filter(([owner]) => owner !== this.own).length >= 3) return false;
    const from = Date.now();
    this.sign(from);
    clearInterval(this.timer);
    this.timer = setInterval(() => {  // several may have signed at once
      this.sign(from);
      const order = this.read().sort(([a, {from: first}], [b, {from: second}]) => first - second || (a < b ? -1 : 1));
      if (order.findIndex(([owner]) => owner === this.own) >= 3) lost();
    }, 3_000);
    return true;
  },
  give() {
    clearInterval(this.timer);
    if (this.timer) this.sign(0);
    this.timer = 0;
  },
};

const TABS = "other tabs of this browser have the streams of events";

// Tells `heard(kind, facts)` of a run: "run" with all there is to know, "rows", "reset" and "deleted" with what events
// say, and "state" with a word for how the news come.
class News {
  #source = null;
  #timers = new Set();
  #turn = 0;  // what was begun in an earlier turn is over
  #last = "";
  #delay = 250;
  #away = 0;
  #refused = 0;  // until then no stream is asked for
  #state = "";

  constructor(run, heard) {
    this.path = `/api/v1/runs/${encodeURIComponent(run)}`;
    this.heard = heard;
  }

  start() {
    this.stop();
    this.#look();
  }

  stop() {
    this.#turn++;
    this.#close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    leases.give();
  }

  #later(milliseconds, act) {
    const timer = setTimeout(() => { this.#timers.delete(timer); act(); }, milliseconds);
    this.#timers.add(timer);
    return timer;
  }

  #say(state, reason = "") {
    this.#state = state;
    this.heard("state", {state, reason});
  }

  // Ask for the run as it stands: at first, to poll, and now and then to see whether the stream still tells all.
  async #look() {
    const turn = this.#turn;
    let facts;
    try {
      const answer = await ask(this.path, {signal: AbortSignal.timeout(10_000)});
      if (turn !== this.#turn) return;
      if (answer.status === 404) {
        this.#away = 0;
        this.#close();
        this.heard("missing", {});
        this.#later(2_000, () => this.#look());
        return;
      }
      if (!answer.ok) throw new Error(await sentence(answer));
      facts = await answer.json();
    } catch (error) {
      if (turn === this.#turn) this.#lose(why(error));
      return;
    }
    if (turn !== this.#turn) return;
    this.#delay = 250;
    this.#away = 0;
    this.heard("run", facts);
    if (this.#source) this.#later(30_000, () => this.#look());
    else if (Date.now() < this.#refused) this.#poll();
    else if (leases.take(() => this.#poll(TABS))) this.#listen();
    else this.#poll(TABS);
  }

  #poll(reason) {
    this.#close();
    if (reason) this.#say("polling", reason);
    else if (this.#state !== "polling") this.#say("polling");
    this.#later(2_000, () => this.#look());
  }

  #listen() {
    const turn = this.#turn, from = this.#last ? `&last_event_id=${encodeURIComponent(this.#last)}` : "";
    const source = this.#source = new EventSource(`${this.path}/events?limit=0${from}`);
    const refuse = reason => {
      this.#refused = Date.now() + 30_000;
      this.#poll(reason);
    };
    let opened = false;
    const late = this.#later(3_000, () => {
      if (!opened && source === this.#source) refuse("the stream of events is not answered");
    });
    source.onopen = () => {
      opened = true;
      clearTimeout(late);
      this.#say("live");
      this.#later(30_000, () => this.#look());
    };
    source.onerror = () => {
      if (turn !== this.#turn || source !== this.#source) return;
      clearTimeout(late);
      if (opened) this.#lose("");
      else refuse("the server has as many viewers as it takes");
    };
    for (const kind of ["rows", "reset", "deleted", "bye"]) source.addEventListener(kind, event => {
      if (turn !== this.#turn) return;
      if (event.lastEventId) this.#last = event.lastEventId;
      if (kind === "bye") return this.#lose("");
      this.heard(kind, event.data ? JSON.parse(event.data) : {});
      if (kind === "deleted") this.start();
    });
  }

  #lose(reason) {
    this.stop();
    this.#away ||= Date.now();
    const gone = !navigator.onLine || Date.now() - this.#away > 15_000;
    this.#say(gone ? "offline" : "reconnecting", reason);
    this.#later(this.#delay * (0.75 + Math.random() / 2), () => this.#look());
    this.#delay = Math.min(4_000, this.#delay * 2);
  }
}

// ---- Pictures -------------------------------------------------------------------------------------------------------

const SIZES = [  // few, so that viewers share pictures
  [360, 340], [480, 400], [600, 300], [640, 400], [720, 430], [800, 300], [800, 480], [880, 500], [960, 360],
  [960, 430], [960, 540], [1120, 630], [1280, 720], [1440, 810], [1600, 900],
];
const low = matchMedia("(max-height: 499px)");  // as the style has it: a phone held lengthwise

const KEPT = 32 << 20;  // bytes of pictures that are at hand when a row is shown again

// Shows the newest of the pictures that were asked for, and has one request under way at most.
class Easel {
  #wanted = null;
  isBusy = false;
  #free = 0;  // when the next picture of what follows may be asked for
  #blobs = new Map();
  #bytes = 0;

  constructor(canvas, heard) {
    this.canvas = canvas;
    this.heard = heard;
    this.context = canvas.getContext("bitmaprenderer");
    this.shown = null;
  }

  // `wanted` has a `path`, a `key` that tells pictures apart and `patient`, whether it can wait for the server's sake.
  want(wanted) {
    this.#wanted = wanted;
    if (this.isBusy) return;
    const wait = wanted.patient && !this.#blobs.has(wanted.key) ? this.#free - performance.now() : 0;
    if (wait > 0) setTimeout(() => { if (this.#wanted === wanted && !this.isBusy) this.#work(); }, wait);
    else this.#work();
  }

  forget() {
    this.#wanted = null;
    this.#blobs.clear();
    this.#bytes = 0;
    this.shown = null;
    this.context.transferFromImageBitmap(null);
  }

  async #work() {
    this.isBusy = true;
    const wanted = this.#wanted;
    this.#wanted = null;
    const started = performance.now();
    const slow = setTimeout(() => this.heard("slow", {}), 500);
    try {
      const found = this.#blobs.get(wanted.key) ?? await this.#fetched(wanted);
      if (found) {
        const bitmap = await createImageBitmap(found.blob);
        if (wanted.isOver()) bitmap.close();
        else {
          this.canvas.width = bitmap.width;
          this.canvas.height = bitmap.height;
          this.context.transferFromImageBitmap(bitmap);
          this.shown = {...wanted, ...found.facts};
          this.heard("picture", this.shown);
        }
      }
    } catch {
      this.heard("away", {});
    }
    clearTimeout(slow);
    this.isBusy = false;
    const took = performance.now() - started;
    this.#free = performance.now() + Math.min(1_000, took);  // so that drawing takes half of the time at most
    const next = this.#wanted;
    if (next) this.want(next);
  }

  async #fetched(wanted) {
    const answer = await ask(wanted.path);
    if (!answer.ok) {
      const words = await sentence(answer);
      const after = Number(answer.headers.get("retry-after")) || 2;
      if (!wanted.isOver()) this.heard("refused", {status: answer.status, words, after});
      return null;
    }
    const facts = {
      row: Number(answer.headers.get("liveplot-row")),
      epoch: Number(answer.headers.get("liveplot-epoch")),
      kind: answer.headers.get("liveplot-kind") ?? "",
    };
    const found = {blob: await answer.blob(), facts};
    this.#blobs.set(wanted.key, found);
    this.#bytes += found.blob.size;
    while (this.#bytes > KEPT) {
      const [key, {blob}] = this.#blobs.entries().next().value;
      this.#blobs.delete(key);
      this.#bytes -= blob.size;
    }
    return found;
  }
}

// ---- The view of a run ----------------------------------------------------------------------------------------------

const STATES = {
  connecting: "connecting", reconnecting: "reconnecting", offline: "offline",
  waiting: "waiting for the first row", reset: "the run was reset", deleted: "the run was deleted",
};
// Where all is well, the word is that of the run and not of the connection.
const RUNNING = {live: "live", polling: "live, asked every 2 s"};  // rows are coming in
const RESTING = {live: "idle", polling: "idle, asked every 2 s"};
const LIMITS = {global: "All rows", follow: "Follow", each: "Each row", robust: "Robust"};
const SPEEDS = [1, 2, 5, 10, 20, 50, 100];  // rows a second
const WHOLE = 10;  // seconds for all rows, the speed that holds by itself
const OWN = ["row", "speed", "limits"];  // of the address; all else are options of the picture
const SHORT = 60;  // seconds that a film takes at most

function openRun(name) {
  const path = `/api/v1/runs/${encodeURIComponent(name)}`, own = location.origin + location.pathname;
  const given = new URLSearchParams(location.search);
  const canvas = byId("picture"), slider = byId("slider");
  const options = new URLSearchParams([...given].filter(([key]) => !OWN.includes(key)));
  let facts = {run: name, title: "", columns: [], epoch: 0, rows: 0};
  let row = Math.max(1, Math.floor(Number(given.get("row"))) || 1);
  let follow = !given.has("row"), playing = null, changed = 0, size = null;
  let auto = "";  // the kind that is drawn where none is chosen, as soon as a picture has told it
  let limits = given.get("limits") ?? "", speed = SPEEDS.find(rows => String(rows) === given.get("speed")) ?? 0;
  let connection = "connecting", reason = "", gone = "", saving = null;

  show(byId("run"), true);
  show(byId("way"), true);
  show(byId("show-keys"), true);

  // -- What is seen

  function describe() {
    const title = facts.title || facts.run;
    write(byId("title"), title);
    document.title = `${title} · liveplot`;
    write(byId("name"), facts.run);
    show(byId("name"), Boolean(facts.title));
    write(byId("rows"), counted(facts.rows, "row"));
    show(byId("rows"), facts.rows > 0);
    show(byId("columns"), facts.columns.length > 0);
    const [summary, list] = byId("columns").children;
    write(summary, counted(facts.columns.length, "column"));
    const names = facts.columns.slice(0, 200);
    if (facts.columns.length > 200) names.push(`and ${grouped(facts.columns.length - 200)} more`);
    if (list.children.length !== names.length || names.some((word, place) => list.children[place].textContent !== word))
      list.replaceChildren(...names.map(word => made("li", {}, made("bdi", {textContent: word}))));
  }

  function place() {
    const {rows} = facts;
    if (rows) row = follow ? rows : Math.min(row, rows);
    slider.max = Math.max(1, rows);
    slider.value = rows ? row : 1;
    slider.setAttribute("aria-valuetext", rows ? `row ${grouped(row)} of ${grouped(rows)}` : "no rows");
    slider.style.setProperty("--filled", `${rows > 1 ? 100 * (row - 1) / (rows - 1) : rows ? 100 : 0}%`);
    const number = made("b", {textContent: grouped(row)});
    byId("place").replaceChildren(...rows ? ["row ", number, ` of ${grouped(rows)}`] : []);
    byId("follow").setAttribute("aria-pressed", follow);
    byId("to-play").setAttribute("aria-label", playing ? "Pause" : "Play");
    byId("to-play").querySelector("use").setAttribute("href", playing ? "#pause" : "#play");
    const isUntold = Boolean(limits) && !kind();  // which option the limits are is not known before the kind
    for (const control of document.querySelectorAll("#slider, .transport button, .save button"))
      control.disabled = !rows || isUntold && "film" in control.dataset;
    // A button that was disabled while it is pressed would lose the focus.
    for (const id of ["to-first", "to-back"]) byId(id).setAttribute("aria-disabled", row <= 1);
    for (const id of ["to-forward", "to-last"]) byId(id).setAttribute("aria-disabled", row >= rows);
  }

  function tellState() {
    const state = gone && connection !== "offline" && connection !== "reconnecting" ? gone
      : !facts.rows && (connection === "live" || connection === "polling") ? "waiting" : connection;
    const element = byId("state");
    const beats = state in RUNNING && isLive(facts.rows, changed);
    // That a run rests or goes on is not read out: with rows that are far apart, there would be no end of it.
    element.ariaLive = state === element.dataset.state ? "off" : "polite";
    element.dataset.state = state;
    element.toggleAttribute("data-beat", beats);
    element.title = reason || (state in RUNNING && !beats ? `connected; no row came for ${LIVE / 1_000} s` : "");
    const word = (beats ? RUNNING : RESTING)[state] ?? STATES[state];
    write(element, word + (state === "reconnecting" && reason ? `: ${reason}` : ""));
    show(byId("changed"), facts.rows > 0);
    if (facts.rows) tell(byId("changed").querySelector("time"), changed);
    if (!facts.rows) notify({
      deleted: ["This run was deleted. If it is made again, it will be shown here."],
      reset: ["The run was reset. Its first new row will be shown here."],
      waiting: ["Nothing here yet. The picture appears with the first row.", `liveplot push ${own} loss.csv`],
    }[state] ?? [""]);
  }

  function notify([words, command = ""], pale = false) {
    const [paragraph, block] = byId("notice").children;
    write(paragraph, words);
    write(block.firstChild, command);
    show(block, Boolean(command));
    show(byId("notice"), Boolean(words));
    byId("stage").classList.toggle("pale", pale);
  }

  // The largest of our sizes with which the whole page is on the screen, unless the picture were too low to read; on a
  // low screen, the picture and what is above it. Where there are pixels to spare it fills the width or the height.
  function measure() {
    const edge = parseFloat(getComputedStyle(byId("run")).paddingLeft);
    const {clientWidth, clientHeight} = document.documentElement;  // which stays when a phone hides its bars
    const isNarrow = innerWidth < 640, isSharp = devicePixelRatio > 1;
    const width = clientWidth - (isNarrow ? 0 : 2 * edge);
    const height = low.matches ? clientHeight - 84 : Math.max(360, clientHeight - 360);
    const least = low.matches && isSharp ? 0.85 : 1;
    const room = SIZES.filter(([w, h]) => least * w <= width && least * h <= height);
    size = room.sort(([w, h], [x, y]) => x * y - w * h)[0] ?? (low.matches ? [600, 300] : SIZES[0]);
    const scale = isNarrow && !low.matches ? width / size[0]
      : Math.min(width / size[0], height / size[1], isSharp ? 1.5 : 1);
    byId("stage").style.setProperty("height", `${Math.round(size[1] * scale)}px`);
    const column = Math.round(size[0] * scale) - (isNarrow ? 2 * edge : 0);
    document.documentElement.style.setProperty("--width", `${column}px`);
  }

  const kind = () => options.get("kind") || auto;

  // The options of a picture or a film. Limits are those of the values, whatever shows them.
  function look(extra) {
    const words = new URLSearchParams(options);
    if (limits && kind()) words.set({heatmap: "clim", race: "xlim"}[kind()] ?? "ylim", limits);
    words.set("theme", isDark() ? "dark" : "liveplot");
    for (const [key, value] of Object.entries(extra)) words.set(key, value);
    return words;
  }

  function paint() {
    if (!facts.rows || document.hidden) return;
    const words = look({title: " ", size: size.join("x"), dpi: devicePixelRatio > 1 ? "200" : "100"});
    const {epoch, rows, title} = facts, sight = `${epoch} ${title} ${words}`;
    if (easel.shown?.sight === sight && easel.shown.row === row && (!follow || easel.shown.rows >= rows)) {
      // Else what is under way would be seen instead.
      if (easel.isBusy) easel.want({...easel.shown, isOver: () => facts.epoch !== epoch});
      notify([""]);
      return;
    }
    easel.want({
      path: `${path}/frame.png?row=${follow ? "last" : row}&${words}`, key: `${sight} ${rows} ${row}`, sight, rows,
      isAuto: !options.get("kind"), patient: follow, isOver: () => facts.epoch !== epoch || !facts.rows,
    });
  }

  const easel = new Easel(canvas, (event, seen) => {
    show(byId("drawing"), event === "slow");
    if (event === "picture") {
      const isNews = seen.isAuto && seen.kind !== auto;
      if (isNews) auto = seen.kind;
      easel.shown.rows = Math.max(seen.rows, seen.row);
      canvas.dataset.row = seen.row;
      canvas.dataset.epoch = seen.epoch;
      canvas.setAttribute("aria-label", `${seen.kind} of ${facts.title || facts.run} at row ${grouped(seen.row)}`);
      write(byId("kind").options[0], `Auto${auto && ` (${auto})`}`);
      notify([""]);
      if (isNews && limits) {
        place();
        paint();
      }
    } else if (event === "refused") {
      if (seen.status === 404) return;  // the run's own news say what became of it
      if (seen.status === 429 || seen.status === 503) setTimeout(paint, 1_000 * seen.after);
      else notify([seen.words], true);
    } else if (event === "away") {
      setTimeout(() => { if (connection === "live" || connection === "polling") paint(); }, 1_000);
    }
  });

  function update() {
    place();
    describe();
    tellState();
    paint();
  }

  let writing = 0;
  function address() {  // browsers take some of these a second, and no more
    clearTimeout(writing);
    writing = setTimeout(() => {
      const words = new URLSearchParams(options);
      if (limits) words.set("limits", limits);
      if (speed) words.set("speed", speed);
      if (!follow && !playing) words.set("row", row);
      history.replaceState(null, "", location.pathname + (words.size ? `?${words}` : ""));
    }, 250);
  }

  // -- What is heard

  const news = new News(name, (event, said) => {
    if (event === "state") {
      ({state: connection, reason} = said);
      if (connection !== "live" && connection !== "polling") return tellState();
      paint();
    } else if (event === "missing" || event === "deleted") {
      connection = "live";
      if (facts.epoch) clear("deleted");
    } else if (event === "run") {
      if (facts.epoch && (said.epoch !== facts.epoch || said.rows < facts.rows)) clear("reset");
      changed = Date.parse(said.updated);
      facts = said;
    } else {
      const rows = said.next_seq - 1;
      if (event === "reset" || said.epoch !== facts.epoch) clear("reset");
      if (rows > facts.rows) changed = now();
      const unknown = !facts.columns.length;
      facts = {...facts, epoch: said.epoch, rows};
      if (unknown && rows) learn();
      else learning ||= setTimeout(learn, Math.max(0, learnt + 5_000 - Date.now()));
    }
    if (facts.rows) gone = "";
    update();
  });

  let learnt = 0, learning = 0;
  async function learn() {  // a title and further columns may have come with the rows
    clearTimeout(learning);
    learning = 0;
    learnt = Date.now();
    try {
      const answer = await ask(path);
      if (!answer.ok) return;
      const {title, columns, epoch} = await answer.json();
      if (epoch !== facts.epoch) return;
      facts = {...facts, title, columns};
      describe();
      paint();
    } catch { /* the news will say so */ }
  }

  function clear(word) {
    gone = word;
    auto = "";
    facts = {...facts, rows: 0, epoch: word === "deleted" ? 0 : facts.epoch};
    pause();
    row = 1;
    follow = true;
    easel.forget();
    canvas.setAttribute("aria-label", "No picture yet");
    delete canvas.dataset.row;
    address();
  }

  // -- What is done

  function go(wanted, isPlayed = false) {
    if (!facts.rows) return;
    row = Math.min(facts.rows, Math.max(1, wanted));
    follow = row === facts.rows;
    if (follow) playing = null;
    else if (playing && !isPlayed) playing = {from: row, at: performance.now()};
    place();
    paint();
    address();
  }

  function step(rows) {
    pause();
    go(row + rows);
  }

  function pause() {
    playing = null;
    place();
    address();
  }

  function play() {
    if (!facts.rows) return;
    if (playing) return pause();
    if (row >= facts.rows) row = 1;
    follow = false;
    playing = {from: row, at: performance.now()};
    place();
    paint();
    requestAnimationFrame(tick);
  }

  const rate = () => speed || Math.max(0.5, (facts.rows - 1) / WHOLE);

  function tick(at) {
    if (!playing) return;
    const due = playing.from + Math.floor(Math.max(0, at - playing.at) / 1_000 * rate());
    if (due !== row) go(due, true);
    if (playing) requestAnimationFrame(tick);
  }

  function toggleFollow() {
    if (!facts.rows) return;
    playing = null;
    follow = !follow;
    place();
    paint();
    address();
  }

  function choose() {
    options.delete("kind");
    if (byId("kind").value) options.set("kind", byId("kind").value);
    const typed = byId("limits").value === "typed";
    show(byId("typed-label"), typed);
    limits = typed ? byId("typed").value.trim() : byId("limits").value;
    place();
    paint();
    address();
  }

  async function save(button) {
    if (button.dataset.table) return hand(`${path}/history.${button.dataset.table}`);
    if (saving) saving.abort();
    if (button.ariaBusy === "true") return;
    const stop = saving = new AbortController(), word = button.textContent;
    const time = speed && facts.rows / speed <= SHORT ? {speed} : {duration: speed ? SHORT : WHOLE};
    const film = `${path}/animation.${button.dataset.film}?${look({size: "960x540", ...time})}`;
    button.ariaBusy = "true";
    try {
      write(byId("saving"), `${word} is being rendered…`);
      for (;;) {
        const got = new AbortController();
        const answer = await ask(film, {signal: AbortSignal.any([stop.signal, got.signal])});
        if (answer.status === 200) {
          got.abort();  // it is there: the browser itself shall fetch it, straight into a file
          hand(film);
          write(byId("saving"), `${word} is saved as your browser saves files.`);
          break;
        }
        if (answer.status !== 202) throw new Error(await sentence(answer));
        const wait = Number(answer.headers.get("retry-after")) || 1;
        await sleep(1_000 * wait);
        stop.signal.throwIfAborted();
      }
    } catch (error) {
      write(byId("saving"), stop.signal.aborted ? `${word} is no longer waited for.`
        : error instanceof TypeError ? "The server does not answer; try again." : `No ${word}: ${error.message}`);
    }
    button.ariaBusy = null;
    if (saving === stop) saving = null;
  }

  function hand(address) {
    const link = made("a", {href: address, download: ""});
    document.body.append(link);
    link.click();
    link.remove();
  }

  // -- What is at hand

  slider.addEventListener("input", () => go(Number(slider.value)));
  const actions = {
    "to-first": () => { pause(); go(1); }, "to-last": () => { pause(); go(facts.rows); }, "to-back": () => step(-1),
    "to-forward": () => step(1), "to-play": play, "follow": toggleFollow,
  };
  for (const [id, act] of Object.entries(actions)) byId(id).addEventListener("click", act);
  for (const button of document.querySelectorAll(".save button")) button.addEventListener("click", () => save(button));

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const at = event.target, typing = at.matches("select, input:not([type=range]), textarea");
    if (typing || event.key === " " && at.closest("button, summary, a")) return;
    const far = event.shiftKey ? 10 : 1;
    const act = {
      " ": play, "ArrowLeft": () => step(-far), "ArrowRight": () => step(far), "Home": () => { pause(); go(1); },
      "End": () => { pause(); go(facts.rows); }, "f": toggleFollow, "k": () => open(byId("kind")),
      "l": () => open(byId("limits")), "t": toggleTheme, "?": () => byId("keys").showModal(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  function open(select) {
    select.focus();
    isTurned = false;
    try { select.showPicker(); } catch { /* it has the focus, and its own keys */ }
  }

  // Lists and fields hand the keys back with Enter and Escape. A list that is open does so with the choice itself; one
  // that is closed changes with each arrow, and the next arrow is meant for it, too.
  let isTurned = false;
  function handBack(select) {
    if (!isTurned) select.blur();
  }
  for (const select of document.querySelectorAll(".choices select")) {
    for (const event of ["focus", "pointerdown"]) select.addEventListener(event, () => { isTurned = false; });
    select.addEventListener("keydown", () => { isTurned = true; });  // which an open list keeps to itself
    select.addEventListener("keyup", event => { if (["Enter", "Escape"].includes(event.key)) select.blur(); });
  }

  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  byId("hide-keys").addEventListener("click", () => byId("keys").close());
  byId("keys").addEventListener("click", event => { if (event.target === byId("keys")) byId("keys").close(); });
  function hang() {  // beneath its summary, but not over the edge of the page
    const details = byId("columns"), [summary, list] = details.children;
    const room = details.parentElement.clientWidth - list.offsetWidth;
    list.style.left = details.open ? `${Math.max(24, Math.min(summary.offsetLeft, room))}px` : "";
  }
  byId("columns").addEventListener("toggle", hang);
  document.addEventListener("click", event => {
    if (!byId("columns").contains(event.target)) byId("columns").open = false;
  });

  byId("speed").append(made("option", {value: "0", textContent: `All in ${WHOLE} s`}),
    ...SPEEDS.map(rows => made("option", {value: rows, textContent: `${counted(rows, "row")}/s`})));
  byId("speed").value = String(speed);
  byId("speed").addEventListener("change", () => {
    speed = Number(byId("speed").value);
    if (playing) playing = {from: row, at: performance.now()};
    address();
    handBack(byId("speed"));
  });

  function offer(kinds, ways) {
    const chosen = options.get("kind");
    if (chosen && !kinds.some(one => one.name === chosen)) kinds.push({name: chosen, promise: ""});
    byId("kind").replaceChildren(byId("kind").options[0],
      ...kinds.map(one => made("option", {value: one.name, textContent: one.name, title: one.promise})));
    byId("kind").value = chosen ?? "";
    byId("limits").replaceChildren(made("option", {value: "", textContent: "Auto"}),
      ...ways.map(way => made("option", {value: way, textContent: LIMITS[way] ?? way})),
      made("option", {value: "typed", textContent: "From, to…"}));
    const typed = limits && !ways.includes(limits);
    byId("limits").value = typed ? "typed" : limits;
    if (typed) byId("typed").value = limits;
    show(byId("typed-label"), Boolean(typed));
  }
  offer([], Object.keys(LIMITS));
  byId("kind").addEventListener("change", () => {
    choose();
    handBack(byId("kind"));
  });
  byId("limits").addEventListener("change", () => {
    choose();
    if (byId("limits").value === "typed") byId("typed").focus();
    else handBack(byId("limits"));
  });
  byId("typed").addEventListener("change", choose);
  byId("typed").addEventListener("keydown", event => {
    if (event.key === "Escape") byId("typed").value = limits;
    else if (event.key !== "Enter") return;
    choose();
    byId("typed").blur();
  });

  // -- What changes around it

  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => { measure(); hang(); paint(); }, 100);
  });
  themed.addEventListener("change", paint);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      pause();
      news.stop();
    } else news.start();
  });
  addEventListener("pagehide", () => news.stop());
  addEventListener("pageshow", event => { if (event.persisted) news.start(); });
  addEventListener("online", () => news.start());
  addEventListener("offline", () => { connection = "offline"; tellState(); });
  setInterval(() => { if (!document.hidden) tellState(); }, 1_000);

  measure();
  describe();
  place();
  tellState();
  if (!document.hidden) news.start();
  ask("/api/v1/kinds").then(async answer => {
    if (!answer.ok) return;
    const {kinds, limits: ways} = await answer.json();
    offer(kinds, ways);
  }, () => { /* what the page itself knows remains */ });
}

// ---- Start ----------------------------------------------------------------------------------------------------------

settleTheme();
system.addEventListener("change", settleTheme);
addEventListener("storage", event => { if (event.key === "liveplot-theme") settleTheme(); });
byId("theme").addEventListener("click", toggleTheme);
await redeem();
const [, first, run] = location.pathname.split("/");
if (first === "runs" && run) openRun(decodeURIComponent(run));
else openList();
