// Work on all files of the queue: what can be done, how far it is, and what each card says of its copy.

import { post } from "./api.js";
import { inWords, isGoing, percent, progressOf, progressOfAll, secondsLeft, workOf } from "./estimates.js";
import { about, by, el, toast } from "./words.js";

const STAGES = { look: "Looking", render: "Erasing", check: "Checking" };

const isBusy = (file) => file.works.some((w) => ["look", "render"].includes(w.kind) && isGoing(w));
const failureOf = (file) => ["look", "render"].map((kind) => workOf(file, kind)).find((w) => w?.state === "failed");
const needsReview = (file) => !isBusy(file) && (file.risky > 0 || (file.state === "review" && !failureOf(file))) && !file.approved;
const isNotRedacted = (file) => !isBusy(file) && file.state !== "rendered";

export class Batch {
  #queue;
  #busy = new Set(); // files that were being worked on when they were last drawn
  #ids = new Set(); // files that were worked on since nothing was
  #from = null; // when that began, and how far it was
  #begun = new Map(); // the same of each file

  constructor(queue) {
    this.#queue = queue;
    queue.onDraw = () => this.draw();
    queue.onCard = (file) => this.#card(file);
    queue.isTimed = (file) => file.works.some((w) => w.state === "running");
    by("batch-pause").addEventListener("click", () => this.#pause());
    by("redact-all").addEventListener("click", () => this.#redact(this.#inOrder(isNotRedacted)));
    by("review-all").addEventListener("click", () => queue.onOpen(this.#inOrder(needsReview)[0].id));
    by("render-all").addEventListener("click", () => this.#redact(this.#reviewed()));
    by("batch-cancel").addEventListener("click", () => this.#cancel(this.#inOrder(isBusy)));
  }

  #inOrder(isWanted) {
    return this.#queue.ordered().filter(isWanted);
  }

  #reviewed() {
    return this.#inOrder((f) => f.state === "accepted" && !isBusy(f));
  }

  async #pause() {
    try {
      await post("/api/queue", { paused: !this.#queue.isPaused });
      await this.#queue.load();
    } catch (error) {
      toast(error.message, true);
    }
  }

  // A copy that efface made from this plan may be replaced by a newer one; no other file is.
  async #redact(files, overwrite = false) {
    by("redact-all").focus();
    const replaced = files.filter((f) => overwrite || f.done).map((f) => f.id);
    const answer = await this.#asked("redact", { files: files.map((f) => f.id), overwrite: replaced });
    for (const { file, why } of answer?.refused ?? []) toast(about(files.find((f) => f.id === file)?.name, why), true);
    await this.#queue.load();
  }

  async #show(file) {
    try {
      await post(`/api/files/${file.id}/show`, {});
    } catch (error) {
      toast(error.message, true);
    }
  }

  #cancel(files) {
    return this.#asked("cancel", { files: files.map((f) => f.id) });
  }

  async #asked(what, body) {
    try {
      return await post(`/api/queue/${what}`, body);
    } catch (error) {
      toast(error.message, true);
      return null;
    }
  }

  draw() {
    const had = document.activeElement;
    const isOurs = ["redact-all", "render-all", "batch-pause", "batch-cancel"].includes(had?.id);
    this.#drawAll();
    if (isOurs && (had.disabled || by("batch-progress").hidden)) this.#focusNext(had);
  }

  // A button that cannot be pressed any more loses the focus: the keyboard goes on where something can be done.
  #focusNext(had) {
    const ids = by("batch-progress").hidden ? [had.id, "review-all", "add-files"] : ["batch-pause"];
    const isFree = (e) => !e.disabled && e.getClientRects().length > 0;
    ids.map(by).find(isFree)?.focus();
  }

  #drawAll() {
    const { files } = this.#queue;
    const all = files.filter(isNotRedacted).length;
    const risky = files.filter(needsReview).length;
    const reviewed = this.#reviewed().length;
    this.#button("redact-all", "Redact all", all);
    this.#button("review-all", "Review those that need it", risky);
    this.#button("render-all", "Render all reviewed", reviewed);
    const folders = [...new Set(files.map((f) => f.folder))];
    by("results").textContent =
      files.length === 0 ? "" : folders.length === 1 ? `Copies go to ${folders[0]}` : `Copies go to ${folders.length} folders; each card names its own.`;
    this.#progress(files);
  }

  #button(id, text, count) {
    by(id).disabled = !count;
    by(id).textContent = count ? `${text} (${count})` : text;
  }

  #progress(files) {
    const busy = files.filter(isBusy);
    const ended = [...this.#busy].some((id) => !busy.some((f) => f.id === id));
    this.#busy = new Set(busy.map((f) => f.id));
    if (ended) this.#queue.load(); // what was found and erased is in the list only
    by("batch-progress").hidden = !busy.length;
    if (!busy.length) {
      this.#ids.clear();
      this.#forget();
      return;
    }
    for (const file of busy) this.#ids.add(file.id);
    const worked = files.filter((f) => this.#ids.has(f.id));
    const now = { at: performance.now() / 1000, share: progressOfAll(worked) };
    if (this.#from === null || now.share < this.#from.share) this.#from = now; // more files came
    const left = inWords(secondsLeft(this.#from, now));
    by("batch-bar").value = 100 * now.share;
    const { isPaused } = this.#queue;
    const isRunning = busy.some((f) => f.works.some((w) => w.state === "running" && !w.held));
    by("batch-pause").textContent = isPaused ? "Go on" : "Pause";
    if (isPaused) this.#forget();
    by("batch-text").textContent = isPaused ? (isRunning ? "Pausing…" : "Paused") : [`${worked.length - busy.length} of ${worked.length} done`, left].filter(Boolean).join(", ");
  }

  // How long a pause was says nothing about how long work takes.
  #forget() {
    this.#begun.clear();
    this.#from = null;
  }

  // What stands below a card: how far it is, or what came out, and what can be done.
  #card(file) {
    const failed = failureOf(file);
    const lines = isBusy(file) ? [this.#working(file)] : failed ? [] : this.#result(file);
    const buttons = [];
    const button = (text, onclick) => buttons.push(el("button", { class: "small", "aria-label": `${text}: ${file.name}`, onclick }, text));
    if (isBusy(file)) button("Cancel", () => this.#cancel([file]));
    else if (failed?.said.includes("exists already")) button("Replace it", () => this.#redact([file], true));
    else if (failed) button("Try again", () => this.#redact([file]));
    else if (file.state !== "rendered") button("Redact", () => this.#redact([file]));
    else {
      button("See the copy", () => this.#queue.onWatch(file.id));
      button("Show in folder", () => this.#show(file));
    }
    return el("div", { class: "below" }, ...lines, buttons.length ? el("div", { class: "group" }, ...buttons) : null);
  }

  #working(file) {
    const work = [workOf(file, "look"), workOf(file, "render")].find((w) => w && isGoing(w));
    if (work.state === "waiting") return el("span", { class: "count" }, "Waiting");
    const now = { at: performance.now() / 1000, share: progressOf(file) };
    if (!this.#begun.has(file.id)) this.#begun.set(file.id, now);
    const left = inWords(secondsLeft(this.#begun.get(file.id), now));
    const stage = work.held ? "Paused" : (STAGES[work.kind === "look" ? "look" : work.stage] ?? "Erasing");
    return el(
      "span", { class: "count whole" },
      el("progress", { max: 100, value: 100 * now.share, "aria-label": `Progress of ${file.name}` }),
      [`${stage}, ${Math.round(100 * now.share)} %`, left].filter(Boolean).join(", "),
    );
  }

  #result(file) {
    const lines = [];
    if (typeof file.share === "number") lines.push(el("span", { class: "count" }, file.share ? `${percent(file.share)} of the picture erased` : "Nothing is erased"));
    if (file.risky && !file.approved) {
      lines.push(el("span", { class: "warn" }, `${file.risky} ${file.risky === 1 ? "moment" : "moments"} not looked at`));
    }
    const outcome = workOf(file, "render")?.result.outcome;
    if (outcome && !["clean", "not looked"].includes(outcome)) lines.push(el("span", { class: "warn" }, "Its check asks for a look"));
    if (file.state === "rendered") lines.push(el("span", { class: "count", title: `${file.folder}/${file.target}` }, `Copy: ${file.target}`));
    return lines;
  }
}
