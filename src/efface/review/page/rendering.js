// The dialog in which the copy is written, checked, and reported on.

import { unseenWords } from "./moments.js";
import { soundWords } from "./sound_words.js";
import { by, el } from "./words.js";

const STAGES = { render: "Erasing", check: "Checking", "": "Waiting" };
export const PAUSED = "Paused. It goes on when you say so in the list of files.";
const OUTCOMES = { clean: ["good", "clean"], "needs review": ["warn", "needs review"], "not clean": ["bad-word", "not clean"], "not looked": ["", "not looked"] };

export class Rendering {
  #store;
  onWatch = () => {};
  isPaused = () => false; // a person paused the work on all files

  constructor(store) {
    this.#store = store;
  }

  open() {
    by("rendering").showModal();
    const work = this.#store.doc.works.find((w) => w.kind === "render");
    if (work && ["running", "waiting"].includes(work.state)) this.tell(work);
    else this.#ask();
  }

  #buttons(...buttons) {
    by("rendering-buttons").replaceChildren(...buttons);
    buttons.at(-1)?.focus();
  }

  #close() {
    return el("button", { onclick: () => by("rendering").close() }, "Close");
  }

  // overwrite: the file that has the name may be replaced, as an earlier copy of efface's own may.
  #ask(overwrite = this.#store.doc.done) {
    const { doc } = this.#store;
    const unseen = unseenWords(doc.doubts);
    const lines = [el("p", {}, `Writes ${doc.target} to ${doc.folder}, checks it, and only then gives it its name.`)];
    lines.push(el("p", {}, doc.cost.join(" ")));
    if (doc.has_sound) lines.push(el("p", {}, soundWords(doc)));
    if (unseen) lines.push(el("p", { class: "warn" }, `${unseen}.`));
    if (doc.left_said) lines.push(el("p", { class: "warn" }, doc.left_said));
    if (overwrite) lines.push(el("p", {}, "There is an earlier copy of that name. It will be replaced."));
    by("rendering-body").replaceChildren(...lines);
    by("rendering-bar").hidden = true;
    const go = el("button", { class: "primary", id: "rendering-go", onclick: () => this.#start(overwrite) }, overwrite ? "Replace it" : "Render");
    this.#buttons(this.#close(), go);
  }

  #start(overwrite) {
    by("rendering-body").replaceChildren(el("p", {}, "Starting …"));
    this.#buttons();
    this.#store.work("render", { overwrite });
  }

  // Progress and result, as the server tells them.
  tell(work) {
    if (!by("rendering").open) return;
    const bar = by("rendering-bar");
    if (work.state === "running" || work.state === "waiting") {
      const share = work.total ? Math.round((100 * work.done) / work.total) : 0;
      bar.hidden = false;
      bar.value = share;
      const said = this.isPaused() ? PAUSED : `${STAGES[work.stage] ?? work.stage}${work.total ? `, ${share} %` : " …"}`;
      by("rendering-body").replaceChildren(el("p", {}, said));
      if (!by("rendering-cancel")) {
        this.#buttons(el("button", { id: "rendering-cancel", onclick: () => this.#store.work("cancel", { kind: "render" }) }, "Cancel"));
      }
      return;
    }
    bar.hidden = true;
    if (work.state === "done") this.#done(work.result);
    else if (work.state === "failed" && work.said.includes("exists already")) this.#ask(true);
    else {
      by("rendering-body").replaceChildren(el("p", { class: work.state === "failed" ? "bad-word" : "" }, work.said));
      this.#buttons(this.#close());
    }
  }

  #done(result) {
    const [kind, word] = OUTCOMES[result.outcome] ?? ["", result.outcome];
    const unseen = unseenWords(this.#store.doc.doubts);
    by("rendering-body").replaceChildren(
      el("p", {}, el("strong", {}, result.target), " was written. Check: ", el("span", { class: kind, id: "rendering-outcome" }, word), "."),
      unseen ? el("p", { class: "warn" }, `${unseen}.`) : "",
      this.#table(result.checks),
      el("p", {}, "Watch the whole copy before you publish it."),
    );
    const report = el("button", { id: "rendering-report", onclick: () => open(`${this.#store.path}/report`, "_blank", "noopener") }, "Open the report");
    const watch = el("button", { id: "rendering-watch", class: "primary", onclick: () => this.#watch() }, "Play the copy");
    this.#buttons(report, this.#close(), watch);
  }

  async #watch() {
    await this.#store.reload(); // the file may not have said yet that it has a copy
    by("rendering").close();
    this.onWatch();
  }

  #table(checks) {
    const rows = checks.map((check) => {
      const [kind, word] = OUTCOMES[check.outcome] ?? ["", check.outcome];
      const first = check.findings[0];
      const jump = first && first.frame !== null ? el("button", { class: "quiet", onclick: () => this.#jump(first) }, "Look") : null;
      const said = check.findings.length ? `${first.message}${check.findings.length > 1 ? `, and ${check.findings.length - 1} more` : ""}` : check.why;
      return el("tr", {}, el("th", { scope: "row" }, check.name), el("td", {}, el("span", { class: kind }, word)), el("td", {}, said), el("td", {}, jump));
    });
    return el("table", {}, el("tbody", {}, ...rows));
  }

  #jump(finding) {
    by("rendering").close();
    this.#store.go(finding.frame);
  }
}
