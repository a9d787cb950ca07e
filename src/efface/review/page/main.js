// Puts the page together: opens files, connects buttons and keys with actions, and hears the server.

import { Actions } from "./actions.js";
import { NoAnswer, listen } from "./api.js";
import { Batch } from "./batch.js";
import { Copies } from "./copies.js";
import { editWords } from "./edit_words.js";
import { isGoing } from "./estimates.js";
import { Grid } from "./grid.js";
import { isTaken, nameOf, showHelp } from "./keys.js";
import { Lists } from "./lists.js";
import { unseenWords } from "./moments.js";
import { Player } from "./player.js";
import { Queue } from "./queue.js";
import { PAUSED, Rendering } from "./rendering.js";
import { Result } from "./result.js";
import { Settings } from "./settings.js";
import { SoundLane } from "./sound_lane.js";
import { SoundList } from "./sound_list.js";
import { Stage } from "./stage.js";
import { Start } from "./start.js";
import { Store } from "./store.js";
import { Timeline } from "./timeline.js";
import { begin as beginLanguage } from "./translate.js";
import { Trial } from "./trial.js";
import { STATES, by, toast } from "./words.js";

const store = new Store();
const stage = new Stage(store);
const player = new Player(store, stage);
const timeline = new Timeline(store, player);
const lists = new Lists(store);
const sounds = new SoundList(store);
const soundLane = new SoundLane(store, timeline);
soundLane.onChosen = (span) => {
  if (span) lists.open("quiet");
  sounds.choose(span);
};
const grid = new Grid(store);
const queue = new Queue();
const rendering = new Rendering(store);
const result = new Result(store);
new Batch(queue);
const begin = new Start();
const settings = new Settings();
const trial = new Trial();

function show(name) {
  for (const id of ["start", "queue", "waiting", "editor"]) by(id).hidden = id !== name;
  by("editing").hidden = name !== "editor";
  by("to-queue").hidden = queue.files.length < (queue.opens ? 1 : 2) || name === "queue";
  if (name === "queue" || name === "start") {
    player.pause();
    by("name").textContent = queue.opens ? "efface" : "efface review";
    by("state").hidden = true;
    by("unseen").hidden = true;
  }
}

// Files

async function open(number) {
  try {
    await store.open(number);
  } catch (error) {
    waitFor({ name: queue.files[number]?.name ?? "" });
    by("waiting-title").textContent = "It cannot be opened";
    by("waiting-text").textContent = error.message;
    by("waiting-bar").hidden = true;
    return;
  }
  const { doc } = store;
  if (!doc.seconds) {
    waitFor(doc);
    if (doc.state === "new") await store.work("look");
    return;
  }
  show("editor");
  by("editor").classList.toggle("photo", store.isPhoto);
  by("editor").classList.toggle("pages", store.isPhoto && store.frames > 1);
  lists.open(["doubts", "left", "tracks"].find((name) => doc[name].length) ?? "doubts");
  head();
  stage.fit();
  by("stage").focus({ preventScroll: true });
  if (doc.lost) toast("The last change before the break was torn off and is lost. Make it again.", true);
  if (!store.isPhoto && !doc.video) store.work("proxy").then(() => store.reload().then(() => player.withVideo()));
}

const WHOLE = "The whole file is looked at before anything is shown.";

function waitFor(doc) {
  show("waiting");
  by("name").textContent = doc.name;
  by("unseen").hidden = true;
  by("waiting-title").textContent = "Looking for faces and plates";
  by("waiting-text").textContent = queue.isPaused ? PAUSED : WHOLE;
  by("waiting-bar").hidden = false;
  by("waiting-bar").removeAttribute("value");
  by("waiting-button").hidden = true;
}

function head() {
  const { doc } = store;
  by("name").textContent = doc.name;
  document.title = `${doc.name} – efface review`;
  by("state").hidden = false;
  by("state").textContent = STATES[doc.state];
  by("state").dataset.state = doc.state;
  by("watch").hidden = !doc.result;
  by("unseen").textContent = unseenWords(doc.doubts);
  by("unseen").hidden = !by("unseen").textContent;
  by("undo").disabled = !doc.undo;
  by("redo").disabled = !doc.redo;
  by("undo").title = doc.undo ? `Undo ${editWords(doc.undo_edit, doc)} (Z)` : "Nothing to undo";
  by("redo").title = doc.redo ? `Redo ${editWords(doc.redo_edit, doc)} (Shift+Z)` : "Nothing to redo";
  by("approve").setAttribute("aria-pressed", String(doc.approved));
  by("approve").textContent = doc.approved ? "Accepted" : "Accept";
  tools();
}

function tools() {
  const { chosenTracks } = actions;
  for (const button of document.querySelectorAll("#tools [data-needs]")) {
    const isArea = store.doc.areas.some((a) => a.id === store.selected);
    const enough = {
      tracks: chosenTracks.length > 1,
      track: Boolean(store.track(store.selected)),
      left: chosenTracks.some((id) => store.left(id)),
      any: chosenTracks.length > 0 || (isArea && button.dataset.do === "delete"),
    };
    button.disabled = !enough[button.dataset.needs];
  }
  const keeps = document.querySelector('[data-do="keep"]');
  const isKept = store.track(store.selected)?.keep;
  keeps.setAttribute("aria-pressed", String(Boolean(isKept)));
}

store.addEventListener("changed", head);
store.addEventListener("chosen", tools);

async function next(step) {
  const shown = queue.ordered();
  const at = shown.findIndex((f) => f.id === store.doc?.id) + step;
  if (at >= 0 && at < shown.length) await open(shown[at].id);
  else if (shown.length > 1) await toQueue();
}

async function toQueue() {
  show("queue");
  await queue.load();
  queue.focus(store.doc?.id ?? 0);
}

// What can be done

const files = {
  next,
  toQueue,
  get count() {
    return queue.files.length;
  },
  get hasQueue() {
    return queue.files.length > 1 || queue.opens;
  },
};
const actions = new Actions({ store, stage, player, timeline, lists, rendering, files, grid, sounds });
const keys = actions.keys();

addEventListener("keydown", (event) => {
  if (event.key === "?" && !document.querySelector("dialog[open]")) return showHelp();
  if (isTaken(event)) return;
  if (!by("queue").hidden) {
    if (event.altKey && event.key.startsWith("Arrow")) queue.move(event.key);
    else if (/^(Arrow|Home|End)/.test(event.key)) queue.step(event.key);
    else if (nameOf(event) === "a") return acceptCard();
    else return;
    event.preventDefault();
    return;
  }
  if (by("editor").hidden) return event.key === "g" && files.hasQueue ? toQueue() : undefined;
  if (grid.isOpen) {
    if (grid.key(nameOf(event))) event.preventDefault();
    return;
  }
  const group = event.target.closest?.(".box[data-id]");
  if (group && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    return store.choose(Number(group.dataset.id), event.shiftKey);
  }
  const action = stage.key(event) ? () => {} : keys[nameOf(event)];
  if (!action) return;
  event.preventDefault();
  action();
});

// A card in the grid is accepted without opening it.
async function acceptCard() {
  const file = queue.files.find((f) => f.id === queue.focused);
  if (!file || file.state !== "review") return toast("Only a file that needs review can be accepted.");
  const asked = new Store();
  await asked.open(file.id);
  if (asked.frames && (await asked.change({ edit: "approve", approved: true }))) {
    await queue.load();
    queue.step("ArrowRight");
  }
}

for (const button of document.querySelectorAll("#tools [data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());
by("draw-kind").addEventListener("change", () => by("stage").focus({ preventScroll: true })); // keys are for the film again
by("undo").addEventListener("click", () => actions.undo());
by("redo").addEventListener("click", () => actions.redo());
by("approve").addEventListener("click", () => actions.approve());
by("render").addEventListener("click", () => actions.render());
by("look-original").addEventListener("click", () => store.isFinal && actions.look());
by("look-final").addEventListener("click", () => !store.isFinal && actions.look());
rendering.isPaused = () => queue.isPaused;
rendering.onWatch = () => result.open(queue.files.length > 1);
result.onNext = () => next(1);
by("watch").addEventListener("click", () => rendering.onWatch());
by("unseen").addEventListener("click", () => {
  grid.close();
  lists.filters.clear();
  lists.open("doubts");
  actions.seek(1);
});
by("help-open").addEventListener("click", showHelp);
by("to-queue").addEventListener("click", toQueue);
by("look-all").addEventListener("click", async () => {
  for (const file of queue.files.filter((f) => f.state === "new")) {
    const asked = new Store();
    asked.doc = { id: file.id, version: 0 };
    await asked.work("look");
  }
  queue.load();
});
by("waiting-button").addEventListener("click", () => store.work("look"));
by("working-cancel").addEventListener("click", () => store.work("cancel", { kind: by("working").dataset.kind }));
queue.onOpen = open;
queue.onWatch = (id) => open(id).then(() => rendering.onWatch());

// What the server tells

const SAID = { wave: "Reading the sound", speech: "Listening for speech", follow: "Following", proxy: "Making a copy that this browser can play", look: "Looking" };

async function heardWork({ file, work, state }) {
  const card = queue.files.find((f) => f.id === file);
  if (state || work.held || work.state !== "running") queue.outdate(); // no further event corrects an answer from before
  if (card) {
    card.works = [...card.works.filter((w) => w.kind !== work.kind), work];
    if (state) card.state = state;
    else if (work.kind === "look") card.state = "looking";
    if (!by("queue").hidden) queue.drawSoon();
  }
  if (store.doc?.id !== file) return;
  const isOn = isGoing(work);
  if (work.kind === "look") return heardLook(work, isOn);
  if (work.kind === "render") {
    store.doc.works = [...store.doc.works.filter((w) => w.kind !== "render"), work];
    rendering.tell(work);
    if (!isOn) await store.reload();
    return;
  }
  by("working").hidden = !isOn;
  by("working").dataset.kind = work.kind;
  by("working-text").textContent = `${SAID[work.kind]}${work.done ? `, ${work.done} frames` : ""} …`;
  if (work.said && (work.state === "failed" || work.state === "done")) toast(work.said, true);
  if (work.state !== "done") return;
  if (work.kind === "wave") return void soundLane.load();
  if (work.kind === "speech") {
    await store.reload();
    lists.open("quiet");
    toast(work.result.spans ? "These spans are silent now. Listen to the rest: speech may be missed. Undo with Z." : "No speech was found. Listen yourself: it may be missed.");
  } else if (work.kind === "proxy") {
    await store.reload();
    player.withVideo();
  } else {
    await store.reload();
    if (store.track(work.result.track)) store.choose(work.result.track);
    const { first, last, held } = work.result;
    toast(held ? "There was nothing to follow: the box stays where it is for a moment." : `Covered from frame ${first + 1} to ${last + 1}.`);
  }
}

// Several files have changed at once, perhaps the one that is waited for.
async function heardFiles() {
  await queue.load();
  const look = queue.files.find((f) => f.id === store.doc?.id)?.works.find((w) => w.kind === "look");
  if (!by("waiting").hidden && look?.state === "cancelled") heardLook(look, false);
}

function heardLook(work, isOn) {
  if (work.state === "done") return open(store.doc.id);
  const bar = by("waiting-bar");
  bar.hidden = !isOn;
  if (isOn && work.total) bar.value = (100 * work.done) / work.total;
  if (isOn) by("waiting-text").textContent = queue.isPaused ? PAUSED : WHOLE;
  by("waiting-button").hidden = isOn;
  if (!isOn) {
    by("waiting-title").textContent = work.state === "failed" ? "It could not be looked at" : "Stopped";
    by("waiting-text").textContent = work.said;
  }
}

let isLost = false;

function lose() {
  if (!isLost) toast(new NoAnswer().message, true);
  isLost = true;
}

function heard(event) {
  if (event.event === "work") heardWork(event);
  else if (event.event === "changed") {
    queue.outdate();
    const card = queue.files.find((f) => f.id === event.file);
    if (card) card.state = event.state;
    if (!by("queue").hidden) queue.drawSoon();
    if (store.doc?.id === event.file && event.version !== store.doc.version) store.reload();
  } else if (event.event === "files") heardFiles();
  else if (event.event === "settings") settings.load();
  else if (event.event === "end") lose();
}

// Whatever was asked of a server that ended in the meantime: said, and no error of the page.
addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof NoAnswer)) return;
  event.preventDefault();
  lose();
});

async function start() {
  await beginLanguage(by("language"));
  listen(
    heard,
    lose,
    () => {
      if (isLost) store.reload().catch(() => {});
      isLost = false;
    },
  );
  lists.bound = await queue.load();
  if (queue.files.length > 1) show("queue");
  // The list was asked for before events were heard: what has ended since is not in it.
  if (queue.files.some((f) => f.works.some(isGoing))) queue.load();
  if (queue.opens) {
    begin.open();
    const copies = new Copies(begin.chooser);
    copies.onChanged = () => queue.load();
    settings.onShown = () => Promise.all([trial.show(), copies.load()]);
    settings.onChanged = (findsMore) => {
      queue.redraw();
      trial.draw();
      queue.load().then((bound) => {
        lists.bound = bound;
      });
      if (findsMore && queue.files.some((f) => f.state !== "new")) toast("Files that efface has looked at keep what was found in them.");
    };
    await settings.open();
  }
  begin.onAdded = () => queue.load().then(() => queue.files.length && by("queue").hidden && by("editor").hidden && show("queue"));
  by("add-files").addEventListener("click", () => show("start"));
  if (!queue.files.length) show("start");
  else if (queue.files.length === 1) await open(queue.files[0].id);
  document.documentElement.dataset.ready = "1";
}

start().catch((error) => toast(error.message, true));
