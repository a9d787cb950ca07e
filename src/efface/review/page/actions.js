// What a person can do with the open file: one method for each button and key.

import { editWords } from "./edit_words.js";
import { markedRange, nextDoubt, nextPlace } from "./moments.js";
import { by, counted, toast } from "./words.js";

export class Actions {
  #store;
  #stage;
  #player;
  #timeline;
  #lists;
  #rendering;
  #files;
  #grid;
  #sounds;

  // files: goes to other files, as `next`, `toQueue` and `count`.
  constructor({ store, stage, player, timeline, lists, rendering, files, grid, sounds }) {
    [this.#store, this.#stage, this.#player] = [store, stage, player];
    [this.#timeline, this.#lists, this.#rendering, this.#files] = [timeline, lists, rendering, files];
    [this.#grid, this.#sounds] = [grid, sounds];
    grid.onAct = (name, value) => this[name](value);
    stage.onDrawn = (tool, box) => this.#drawn(tool, box);
    stage.onPlaced = (id, box) => store.change({ edit: "place", track: id, frame: store.frame, box });
    timeline.onStretched = (id, first, last) => store.change({ edit: "stretch", track: id, first, last });
    lists.onAct = (name, value) => this[name](value);
  }

  get #track() {
    return this.#store.track(this.#store.selected);
  }

  // Ids of the chosen tracks, erased or not.
  get chosenTracks() {
    return this.#store.chosen.filter((id) => this.#store.track(id) ?? this.#store.left(id));
  }

  get #doubt() {
    return this.#store.doc.doubts[this.#store.doubt];
  }

  #range(first, last) {
    return markedRange(this.#store.marks, first, last);
  }

  // Going through the film

  play() {
    this.#player.toggle();
  }

  jump(i) {
    const store = this.#store;
    const found = store.doc.doubts[i];
    if (!found) return;
    this.#player.pause();
    store.doubt = i;
    this.#lists.open("doubts");
    if (store.track(found.track) ?? store.left(found.track)) store.choose(found.track);
    store.go(found.first);
    this.#stage.reveal(found.box);
    store.tell("doubt");
    this.#stage.overlay();
  }

  // Goes to a place at which something is left visible.
  visit(found) {
    const store = this.#store;
    this.#player.pause();
    store.place = { track: found.track, first: found.first };
    this.#lists.open("left");
    store.go(found.first);
    store.choose(found.track);
    const box = store.boxOf(found.track);
    if (box) this.#stage.reveal(box);
  }

  #seekLeft(way) {
    const all = this.#store.doc.left_where;
    if (!all.length) return toast("Nothing is on the list of what is left visible.");
    this.visit(nextPlace(all, this.#store.place, way));
  }

  seek(way) {
    if (this.#lists.shown === "left") return this.#seekLeft(way);
    const { doubts } = this.#store.doc;
    const found = nextDoubt(doubts, this.#store.doubt, way, (doubt) => this.#lists.filters.isWanted(doubt));
    if (found >= 0) return this.jump(found);
    if (doubts.some((doubt) => !doubt.settled)) return toast("Every moment of this filter was looked at. There are others.");
    toast(doubts.length ? "Every doubtful moment was looked at." : "There are no doubtful moments.");
  }

  // Goes to a track that was chosen elsewhere.
  show(track) {
    const store = this.#store;
    this.#player.pause();
    this.#lists.open(track.state === "left" ? "left" : "tracks");
    store.go(track.frame);
    store.choose(track.id);
    this.#stage.reveal(track.box);
  }

  grid() {
    this.#player.pause();
    return this.#grid.open();
  }

  left() {
    this.#lists.open("left");
    by("tab-left").scrollIntoView({ block: "nearest" });
  }

  look() {
    const [store, player] = [this.#store, this.#player];
    store.isFinal = !store.isFinal;
    by("look-original").setAttribute("aria-pressed", String(!store.isFinal));
    by("look-final").setAttribute("aria-pressed", String(store.isFinal));
    by("stage").classList.toggle("final", store.isFinal);
    if (player.speed) player.play(player.speed);
    else this.#stage.show(false);
  }

  mark(which) {
    const store = this.#store;
    store.marks[which] = store.marks[which] === store.frame ? null : store.frame;
    store.tell("marks");
    store.tell("moved");
  }

  // Chooses nothing.
  leave() {
    const store = this.#store;
    store.doubt = -1;
    store.place = null;
    store.marks = { first: null, last: null };
    store.choose(null);
    store.tell("doubt");
    store.tell("moved");
  }

  // Deciding

  async accept() {
    const [store, found] = [this.#store, this.#doubt];
    if (found) {
      const at = store.doubt;
      const { accepted } = found;
      if (await store.change({ edit: "accept", track: found.was, first: found.first, last: found.last, accepted: !accepted })) {
        store.doubt = at;
        if (!accepted) this.seek(1);
      }
    } else if (store.isPhoto) await this.approve();
    else toast("Choose a moment with N first, or accept the whole file with Shift+A.");
  }

  async approve() {
    const accepts = !this.#store.doc.approved;
    const isDone = await this.#store.change({ edit: "approve", approved: accepts });
    if (isDone && accepts && this.#store.isPhoto && this.#files.count > 1) await this.#files.next(1);
  }

  async extend() {
    const found = this.#doubt;
    if (this.#store.left(found?.track)) await this.cover();
    else if (found?.track === 0) toast("It is about no track. Look at it, and draw a box (D) where something shows.");
    else if (found && !found.settled) await this.#store.work("extend", { track: found.track, first: found.first, last: found.last });
    else toast("Choose a doubtful moment with N first.");
  }

  async cover() {
    const store = this.#store;
    const asked = this.chosenTracks.filter((id) => store.left(id));
    if (!asked.length && store.left(this.#doubt?.track)) asked.push(this.#doubt.track);
    if (!asked.length) return toast("Choose something that is left visible first: W lists all of it.");
    await this.coverTracks(asked);
  }

  async coverLeft() {
    await this.coverTracks(this.#store.doc.left.map((track) => track.id));
  }

  async coverTracks(ids) {
    if (await this.#setKept(ids, false)) toast(`${said(ids, "Covered", "covered")} will be erased. Undo with Z.`);
  }

  async delete() {
    const store = this.#store;
    const ids = store.chosen.length ? store.chosen : this.#doubt?.track ? [this.#doubt.track] : [];
    if (store.quiet && this.#lists.shown === "quiet") await this.#sounds.remove(store.quiet);
    else if (ids.length) await this.deleteTracks(ids);
  }

  // Several at once are one entry of the log, so one undo brings them all back.
  async deleteTracks(ids) {
    const edit = ids.length > 1 ? { edit: "delete_tracks", tracks: ids } : { edit: "delete", track: ids[0] };
    if (await this.#store.change(edit)) toast(`${said(ids, "Deleted", "deleted")} will be visible. Undo with Z.`);
  }

  async justify(reason) {
    const tracks = this.chosenTracks.filter((id) => this.#store.track(id));
    if (tracks.length) await this.#store.change({ edit: "justify", tracks, reason });
  }

  async keep() {
    const found = this.chosenTracks;
    if (!found.length) return toast("Choose a track first.");
    if (!this.#track?.keep) return this.keepTracks(found);
    if (await this.#setKept(found, false)) toast("It is erased again.");
  }

  async keepTracks(ids) {
    if (await this.#setKept(ids, true)) toast(`${said(ids, "Kept", "kept")} will be visible. Undo with Z.`);
  }

  #setKept(ids, keep) {
    const edit = ids.length > 1 ? { edit: "keep_tracks", tracks: ids, keep } : { edit: "keep", track: ids[0], keep };
    return this.#store.change(edit);
  }

  async only() {
    const found = this.chosenTracks;
    if (!found.length) return toast("Choose who stays visible first.");
    if (await this.#store.change({ edit: "only", tracks: found })) toast("Everyone else is erased.");
  }

  // Changing tracks

  async follow() {
    const store = this.#store;
    const box = this.#track && store.boxOf(store.selected);
    if (!box) return toast("Choose a track that has a box in this frame.");
    await store.work("follow", { frame: store.frame, box, track: store.selected });
  }

  async split() {
    const store = this.#store;
    if (this.#track) await store.change({ edit: "split", track: store.selected, frame: store.frame, new: null });
  }

  async join() {
    const [first, ...others] = this.chosenTracks;
    if (!others.length) return toast("Choose two tracks: Shift+click adds one.");
    await this.#store.change(...others.map((other) => ({ edit: "join", track: first, other })));
    this.#store.choose(first);
  }

  async begin() {
    const [{ frame, selected }, track] = [this.#store, this.#track];
    if (track) await this.#store.change({ edit: "stretch", track: selected, first: frame, last: Math.max(track.last, frame) });
  }

  async end() {
    const [{ frame, selected }, track] = [this.#store, this.#track];
    if (track) await this.#store.change({ edit: "stretch", track: selected, first: Math.min(track.first, frame), last: frame });
  }

  async nudge(key, resizes) {
    const store = this.#store;
    const box = this.#track && store.boxOf(store.selected);
    if (!box) return;
    await store.change({ edit: "place", track: store.selected, frame: store.frame, box: this.#stage.nudged(box, key, resizes) });
  }

  async #drawn(tool, box) {
    const store = this.#store;
    if (tool === "draw") {
      const kind = by("draw-kind").value;
      if (store.isPhoto) {
        await store.change({ edit: "draw", track: null, kind, first: store.frame, boxes: box });
        toast("Drawn.");
      } else await store.work("follow", { frame: store.frame, box, kind });
      return;
    }
    const where = store.isPhoto ? { first: store.frame, last: store.frame } : this.#range(0, store.frames - 1);
    if (await store.change({ edit: "area", track: null, ...where, box, keep: tool === "spare" })) {
      toast(tool === "spare" ? "What lies wholly inside this area stays visible." : "This area is erased.");
    }
  }

  async black() {
    const store = this.#store;
    if (store.isPhoto) return;
    const { first, last } = this.#range(store.frame, store.frame);
    const isBlack = store.doc.black.some(([a, b]) => a <= first && last <= b);
    if (await store.change({ edit: "black", first, last, black: !isBlack })) {
      toast(`${last - first + 1} ${last === first ? "frame" : "frames"} ${isBlack ? "no longer black" : "black"}.`);
    }
  }

  #toggleTool(name) {
    this.#stage.setTool(this.#stage.tool === name ? "" : name);
  }
  draw() {
    this.#toggleTool("draw");
  }
  area() {
    this.#toggleTool("area");
  }
  spare() {
    this.#toggleTool("spare");
  }
  async undo() {
    const store = this.#store;
    if (await store.change({ edit: "undo" })) toast(`Undone: ${editWords(store.doc.redo_edit, store.doc)}.`);
  }
  async redo() {
    const store = this.#store;
    if (await store.change({ edit: "redo" })) toast(`Done again: ${editWords(store.doc.undo_edit, store.doc)}.`);
  }
  render() {
    this.#rendering.open();
  }

  // What each key does, by the name that `nameOf` gives it.
  keys() {
    const nudges = ["Up", "Down", "Left", "Right"].flatMap((way) => [
      [`Alt+Arrow${way}`, () => this.nudge(`Arrow${way}`, false)],
      [`Alt+Shift+Arrow${way}`, () => this.nudge(`Arrow${way}`, true)],
    ]);
    return { ...this.#movingKeys(), ...this.#editingKeys(), ...Object.fromEntries(nudges) };
  }

  #movingKeys() {
    const [store, player, timeline, files] = [this.#store, this.#player, this.#timeline, this.#files];
    return {
      " ": () => this.play(), j: () => player.faster(-1), k: () => player.pause(), l: () => player.faster(1),
      ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1),
      "Shift+ArrowLeft": () => player.seconds(-1), "Shift+ArrowRight": () => player.seconds(1),
      "<": () => player.changeRate(-1), ">": () => player.changeRate(1), u: () => player.toggleSound(), "Shift+f": () => player.toggleFull(),
      Home: () => player.step(-store.frames), End: () => player.step(store.frames),
      n: () => this.seek(1), p: () => this.seek(-1), w: () => this.left(), y: () => this.grid(), t: () => this.look(),
      i: () => this.mark("first"), o: () => this.mark("last"), Escape: () => this.leave(),
      "+": () => timeline.zoom(0.5), "=": () => timeline.zoom(0.5), "-": () => timeline.zoom(2), 0: () => timeline.fit(),
      PageDown: () => files.next(1), PageUp: () => files.next(-1), g: () => files.hasQueue && files.toQueue(),
    };
  }

  #editingKeys() {
    const [undo, redo, remove] = [() => this.undo(), () => this.redo(), () => this.delete()];
    return {
      a: () => this.accept(), "Shift+a": () => this.approve(), e: () => this.extend(), c: () => this.cover(),
      x: remove, Delete: remove, v: () => this.keep(), "Shift+v": () => this.only(),
      f: () => this.follow(), s: () => this.split(), m: () => this.join(), "[": () => this.begin(), "]": () => this.end(),
      b: () => this.black(), q: () => this.#sounds.quiet(), d: () => this.draw(), r: () => this.area(), "Shift+r": () => this.spare(),
      z: undo, "Shift+z": redo, "Ctrl+z": undo, "Ctrl+Shift+z": redo, "Ctrl+y": redo, Enter: () => this.render(),
    };
  }
}

// "Deleted: it", or "12 tracks deleted: they".
function said(ids, one, many) {
  return ids.length > 1 ? `${counted(ids.length, "track")} ${many}: they` : `${one}: it`;
}
