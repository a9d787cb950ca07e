// Puts the page together: what each button and key does.

import { NoAnswer, listen } from "./api.js";
import { Batch } from "./batch.js";
import { isTaken, nameOf, showHelp } from "./keys.js";
import { Lists } from "./lists.js";
import { markedRange, nextDoubt, nextPlace } from "./moments.js";
import { Player } from "./player.js";
import { Queue } from "./queue.js";
import { Rendering } from "./rendering.js";
import { Settings } from "./settings.js";
import { Stage } from "./stage.js";
import { Start } from "./start.js";
import { Store } from "./store.js";
import { Timeline } from "./timeline.js";
import { EDITS, STATES, by, toast } from "./words.js";

const store = new Store();
const stage = new Stage(store);
const player = new Player(store, stage);
const timeline = new Timeline(store, player);
const lists = new Lists(store);
const queue = new Queue();
const rendering = new Rendering(store);
new Batch(queue);
const begin = new Start();
const settings = new Settings();

function show(name) {
  for (const id of ["start", "queue", "waiting", "editor"]) by(id).hidden = id !== name;
  by("editing").hidden = name !== "editor";
  by("to-queue").hidden = queue.files.length < (queue.opens ? 1 : 2) || name === "queue";
  if (name === "queue" || name === "start") {
    player.pause();
    by("name").textContent = queue.opens ? "efface" : "efface review";
    by("state").hidden = true;
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
  lists.open(doc.doubts.length || !doc.tracks.length ? (doc.doubts.length || !doc.left.length ? "doubts" : "left") : "tracks");
  head();
  stage.fit();
  by("stage").focus({ preventScroll: true });
  if (doc.lost) toast("The last change before the break was torn off and is lost. Make it again.", true);
  if (!store.isPhoto && !doc.video) store.work("proxy").then(() => store.reload().then(() => player.withVideo()));
}

function waitFor(doc) {
  show("waiting");
  by("name").textContent = doc.name;
  by("waiting-title").textContent = "Looking for faces and plates";
  by("waiting-text").textContent = "The whole file is looked at before anything is shown.";
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
  by("undo").disabled = !doc.undo;
  by("redo").disabled = !doc.redo;
  by("undo").title = doc.undo ? `Undo ${EDITS[doc.undo]} (Z)` : "Nothing to undo";
  by("redo").title = doc.redo ? `Redo ${EDITS[doc.redo]} (Shift+Z)` : "Nothing to redo";
  by("approve").setAttribute("aria-pressed", String(doc.approved));
  by("approve").textContent = doc.approved ? "Accepted" : "Accept";
  tools();
}

function tools() {
  for (const button of document.querySelectorAll("#tools [data-needs]")) {
    const isArea = store.doc.areas.some((a) => a.id === store.selected);
    const enough = {
      tracks: theChosen().length > 1,
      track: Boolean(track()),
      left: theChosen().some((id) => store.left(id)),
      any: theChosen().length > 0 || (isArea && button.dataset.do === "delete"),
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
  const shown = queue.files;
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

const track = () => store.track(store.selected);
const theChosen = () => store.chosen.filter((id) => store.track(id) ?? store.left(id)); // tracks, erased or not
const range = (first, last) => markedRange(store.marks, first, last);

stage.onDrawn = async (tool, box) => {
  if (tool === "draw") {
    if (store.isPhoto) {
      await store.change({ edit: "draw", track: null, kind: "drawn", first: store.frame, boxes: box });
      toast("Drawn.");
    } else await store.work("follow", { frame: store.frame, box, kind: "drawn" });
    return;
  }
  const where = store.isPhoto ? { first: store.frame, last: store.frame } : range(0, store.frames - 1);
  if (await store.change({ edit: "area", track: null, ...where, box, keep: tool === "spare" })) {
    toast(tool === "spare" ? "What lies wholly inside this area stays visible." : "This area is erased.");
  }
};
stage.onPlaced = (id, box) => store.change({ edit: "place", track: id, frame: store.frame, box });
timeline.onStretched = (id, first, last) => store.change({ edit: "stretch", track: id, first, last });

const doubt = () => store.doc.doubts[store.doubt];

function jump(i) {
  const found = store.doc.doubts[i];
  if (!found) return;
  player.pause();
  store.doubt = i;
  lists.open("doubts");
  if (store.track(found.track) ?? store.left(found.track)) store.choose(found.track);
  store.go(found.first);
  stage.reveal(found.box);
  store.tell("doubt");
  stage.overlay();
}

// Goes to a place at which something is left visible.
function visit(found) {
  player.pause();
  store.place = { track: found.track, first: found.first };
  lists.open("left");
  store.go(found.first);
  store.choose(found.track);
  const box = store.boxOf(found.track);
  if (box) stage.reveal(box);
}

function seekLeft(way) {
  const all = store.doc.left_where;
  if (!all.length) return toast("Nothing that was seen is left visible.");
  visit(nextPlace(all, store.place, way));
}

function seek(way) {
  if (lists.shown === "left") return seekLeft(way);
  const { doubts } = store.doc;
  const found = nextDoubt(doubts, store.doubt, way);
  if (found >= 0) return jump(found);
  toast(doubts.length ? "Every doubtful moment was looked at." : "There are no doubtful moments.");
}

const actions = {
  play: () => player.toggle(),
  jump,
  async accept() {
    const found = doubt();
    if (found) {
      const at = store.doubt;
      const { accepted } = found;
      if (await store.change({ edit: "accept", track: found.was, first: found.first, last: found.last, accepted: !accepted })) {
        store.doubt = at;
        if (!accepted) seek(1);
      }
    } else if (store.isPhoto) await actions.approve();
    else toast("Choose a moment with N first, or accept the whole file with Shift+A.");
  },
  async approve() {
    const accepts = !store.doc.approved;
    if ((await store.change({ edit: "approve", approved: accepts })) && accepts && store.isPhoto && queue.files.length > 1) await next(1);
  },
  async extend() {
    const found = doubt();
    if (store.left(found?.track)) await actions.cover();
    else if (found?.track === 0) toast("It is about no track. Look at it, and draw a box (D) where something shows.");
    else if (found && !found.settled) await store.work("extend", { track: found.track, first: found.first, last: found.last });
    else toast("Choose a doubtful moment with N first.");
  },
  visit,
  left() {
    lists.open("left");
    by("tab-left").scrollIntoView({ block: "nearest" });
  },
  async cover() {
    const asked = theChosen().filter((id) => store.left(id));
    if (!asked.length && store.left(doubt()?.track)) asked.push(doubt().track);
    if (!asked.length) return toast("Choose something that is left visible first: W lists all of it.");
    if (await store.change(...asked.map((id) => ({ edit: "keep", track: id, keep: false })))) toast("Covered: it will be erased. Undo with Z.");
  },
  async delete() {
    const ids = store.chosen.length ? store.chosen : doubt()?.track ? [doubt().track] : [];
    const edits = ids.map((id) => ({ edit: "delete", track: id }));
    if (edits.length && (await store.change(...edits))) toast(`Deleted: it will be visible. Undo with Z.`);
  },
  async keep() {
    const found = theChosen();
    if (!found.length) return toast("Choose a track first.");
    const keep = !track()?.keep;
    if (await store.change(...found.map((id) => ({ edit: "keep", track: id, keep })))) toast(keep ? "Kept: it will be visible." : "It is erased again.");
  },
  async only() {
    const found = theChosen();
    if (!found.length) return toast("Choose who stays visible first.");
    if (await store.change({ edit: "only", tracks: found })) toast("Everyone else is erased.");
  },
  async follow() {
    const box = track() && store.boxOf(store.selected);
    if (!box) return toast("Choose a track that has a box in this frame.");
    await store.work("follow", { frame: store.frame, box, track: store.selected });
  },
  async split() {
    if (track()) await store.change({ edit: "split", track: store.selected, frame: store.frame, new: null });
  },
  async join() {
    const [first, ...others] = theChosen();
    if (!others.length) return toast("Choose two tracks: Shift+click adds one.");
    await store.change(...others.map((other) => ({ edit: "join", track: first, other })));
    store.choose(first);
  },
  async begin() {
    if (track()) await store.change({ edit: "stretch", track: store.selected, first: store.frame, last: Math.max(track().last, store.frame) });
  },
  async end() {
    if (track()) await store.change({ edit: "stretch", track: store.selected, first: Math.min(track().first, store.frame), last: store.frame });
  },
  async black() {
    if (store.isPhoto) return;
    const { first, last } = range(store.frame, store.frame);
    const isBlack = store.doc.black.some(([a, b]) => a <= first && last <= b);
    if (await store.change({ edit: "black", first, last, black: !isBlack })) {
      toast(`${last - first + 1} ${last === first ? "frame" : "frames"} ${isBlack ? "no longer black" : "black"}.`);
    }
  },
  draw: () => stage.setTool(stage.tool === "draw" ? "" : "draw"),
  area: () => stage.setTool(stage.tool === "area" ? "" : "area"),
  spare: () => stage.setTool(stage.tool === "spare" ? "" : "spare"),
  undo: () => store.change({ edit: "undo" }),
  redo: () => store.change({ edit: "redo" }),
  look() {
    store.isFinal = !store.isFinal;
    by("look-original").setAttribute("aria-pressed", String(!store.isFinal));
    by("look-final").setAttribute("aria-pressed", String(store.isFinal));
    by("stage").classList.toggle("final", store.isFinal);
    if (player.speed) player.play(player.speed);
    else stage.show(false);
  },
  render: () => rendering.open(),
};

function mark(which) {
  store.marks[which] = store.marks[which] === store.frame ? null : store.frame;
  store.tell("marks");
  store.tell("moved");
}

async function nudge(key, resizes) {
  const box = track() && store.boxOf(store.selected);
  if (!box) return;
  await store.change({ edit: "place", track: store.selected, frame: store.frame, box: stage.nudged(box, key, resizes) });
}

const keys = {
  " ": actions.play, j: () => player.faster(-1), k: () => player.pause(), l: () => player.faster(1),
  ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1),
  "Shift+ArrowLeft": () => player.seconds(-1), "Shift+ArrowRight": () => player.seconds(1),
  Home: () => player.step(-store.frames), End: () => player.step(store.frames),
  n: () => seek(1), p: () => seek(-1), c: actions.cover, w: actions.left, a: actions.accept, "Shift+a": actions.approve, e: actions.extend,
  x: actions.delete, Delete: actions.delete, v: actions.keep, "Shift+v": actions.only, f: actions.follow, s: actions.split, m: actions.join,
  "[": actions.begin, "]": actions.end, b: actions.black, d: actions.draw, r: actions.area, "Shift+r": actions.spare, t: actions.look,
  z: actions.undo, "Shift+z": actions.redo, "Ctrl+z": actions.undo, "Ctrl+Shift+z": actions.redo, "Ctrl+y": actions.redo,
  i: () => mark("first"), o: () => mark("last"),
  "+": () => timeline.zoom(0.5), "=": () => timeline.zoom(0.5), "-": () => timeline.zoom(2), 0: () => timeline.fit(),
  PageDown: () => next(1), PageUp: () => next(-1), g: () => (queue.files.length > 1 || queue.opens) && toQueue(), Enter: actions.render,
  Escape() {
    store.doubt = -1;
    store.place = null;
    store.marks = { first: null, last: null };
    store.choose(null);
    store.tell("doubt");
    store.tell("moved");
  },
};
for (const way of ["Up", "Down", "Left", "Right"]) {
  keys[`Alt+Arrow${way}`] = () => nudge(`Arrow${way}`, false);
  keys[`Alt+Shift+Arrow${way}`] = () => nudge(`Arrow${way}`, true);
}

addEventListener("keydown", (event) => {
  if (event.key === "?" && !document.querySelector("dialog[open]")) return showHelp();
  if (isTaken(event)) return;
  if (!by("queue").hidden) {
    if (/^(Arrow|Home|End)/.test(event.key)) queue.step(event.key);
    else if (nameOf(event) === "a") return acceptCard();
    else return;
    event.preventDefault();
    return;
  }
  if (by("editor").hidden) return event.key === "g" && (queue.files.length > 1 || queue.opens) ? toQueue() : undefined;
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
lists.onAct = (name, value) => actions[name](value);
by("undo").addEventListener("click", actions.undo);
by("redo").addEventListener("click", actions.redo);
by("approve").addEventListener("click", actions.approve);
by("render").addEventListener("click", actions.render);
by("look-original").addEventListener("click", () => store.isFinal && actions.look());
by("look-final").addEventListener("click", () => !store.isFinal && actions.look());
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

// What the server tells

const SAID = { follow: "Following", proxy: "Making a copy that this browser can play", look: "Looking" };

async function heardWork({ file, work, state }) {
  const card = queue.files.find((f) => f.id === file);
  if (card) {
    card.works = [...card.works.filter((w) => w.kind !== work.kind), work];
    if (state) card.state = state;
    else if (work.kind === "look") card.state = "looking";
    if (!by("queue").hidden) queue.draw();
  }
  if (store.doc?.id !== file) return;
  const isGoing = work.state === "running" || work.state === "waiting";
  if (work.kind === "look") return heardLook(work, isGoing);
  if (work.kind === "render") {
    store.doc.works = [...store.doc.works.filter((w) => w.kind !== "render"), work];
    rendering.tell(work);
    if (!isGoing) await store.reload();
    return;
  }
  by("working").hidden = !isGoing;
  by("working").dataset.kind = work.kind;
  by("working-text").textContent = `${SAID[work.kind]}${work.done ? `, ${work.done} frames` : ""} …`;
  if (work.said && (work.state === "failed" || work.state === "done")) toast(work.said, true);
  if (work.state !== "done") return;
  if (work.kind === "proxy") {
    await store.reload();
    player.withVideo();
  } else {
    await store.reload();
    if (store.track(work.result.track)) store.choose(work.result.track);
    const { first, last, held } = work.result;
    toast(held ? "There was nothing to follow: the box stays where it is for a moment." : `Covered from frame ${first + 1} to ${last + 1}.`);
  }
}

function heardLook(work, isGoing) {
  if (work.state === "done") return open(store.doc.id);
  const bar = by("waiting-bar");
  bar.hidden = !isGoing;
  if (isGoing && work.total) bar.value = (100 * work.done) / work.total;
  by("waiting-button").hidden = isGoing;
  if (!isGoing) {
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
    const card = queue.files.find((f) => f.id === event.file);
    if (card) card.state = event.state;
    if (!by("queue").hidden) queue.draw();
    if (store.doc?.id === event.file && event.version !== store.doc.version) store.reload();
  } else if (event.event === "files") queue.load();
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
  listen(
    heard,
    lose,
    () => {
      if (isLost) store.reload().catch(() => {});
      isLost = false;
    },
  );
  lists.bound = await queue.load();
  if (queue.opens) {
    begin.open();
    settings.onChanged = (findsMore) => {
      queue.redraw();
      if (findsMore && queue.files.some((f) => f.state !== "new")) toast("Files that efface has looked at keep what was found in them.");
    };
    await settings.open();
  }
  begin.onAdded = () => queue.load().then(() => queue.files.length && by("queue").hidden && by("editor").hidden && show("queue"));
  by("add-files").addEventListener("click", () => show("start"));
  if (!queue.files.length) show("start");
  else if (queue.files.length === 1) await open(queue.files[0].id);
  else show("queue");
  document.documentElement.dataset.ready = "1";
}

start().catch((error) => toast(error.message, true));
