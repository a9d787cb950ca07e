// The finished copy: played as it was written, beside the original where a person wants to compare, and what it still shows.

import { post } from "./api.js";
import { unseenWords } from "./moments.js";
import { timecode } from "./times.js";
import { by, el } from "./words.js";

const APART_S = 0.06; // farther apart than this, the original follows the copy by a jump
const UNREADABLE = "This browser cannot show this format. Open the copy in a player before you publish it.";

export class Result {
  #store;
  #copy = by("copy-film");
  #before = by("before-film");
  onNext = () => {};

  constructor(store) {
    this.#store = store;
    const copy = this.#copy;
    by("copy-play").addEventListener("click", () => this.#toggle());
    by("copy-seek").addEventListener("input", () => this.#seek());
    by("copy-sound").addEventListener("click", () => this.#sound(copy.muted));
    by("split").addEventListener("input", () => this.#split());
    for (const name of ["play", "pause", "seeked", "timeupdate", "ended"]) copy.addEventListener(name, () => this.#follow());
    copy.addEventListener("error", () => copy.getAttribute("src") && this.#fail());
    by("copy-still").addEventListener("error", () => by("copy-still").getAttribute("src") && this.#fail());
    this.#before.addEventListener("loadeddata", () => this.#follow());
    by("result").addEventListener("close", () => this.#stop());
    by("result").addEventListener("keydown", (event) => this.#key(event));
    by("result-close").addEventListener("click", () => by("result").close());
    by("result-show").addEventListener("click", () => this.#show());
    by("result-report").addEventListener("click", () => open(`${store.path}/report`, "_blank", "noopener"));
    by("result-next").addEventListener("click", () => {
      by("result").close();
      this.onNext();
    });
  }

  // hasNext: there is another file.
  open(hasNext) {
    const { doc, path } = this.#store;
    if (!doc.result) return;
    const { kind, current, report, shows, limits } = doc.result;
    this.#note(current ? "" : "The plan was changed since this copy was written. Render it again.");
    by("result-title").textContent = doc.result.name;
    by("result-report").hidden = !report;
    by("result-next").hidden = !hasNext;
    const unseen = unseenWords(doc.doubts);
    const lines = [...(unseen ? [`Perhaps more: ${unseen}.`] : []), ...shows, "Everything that efface did not find."];
    by("result-shows").replaceChildren(...lines.map((line) => el("li", {}, line)));
    by("result-limits").replaceChildren(...limits.map((line) => el("li", {}, line)));
    by("split").value = "0";
    const [width, height] = this.#store.size(0);
    by("compare").style.setProperty("--ratio", String(width / height));
    // The address differs for each copy: a browser may hold what it has of an earlier one.
    this.#fill(kind, `${path}/result?v=${doc.version}`);
    this.#split();
    by("result").showModal();
    (kind === "video" ? by("copy-play") : by("split")).focus();
  }

  async #show() {
    try {
      await post(`${this.#store.path}/show`, {});
    } catch (error) {
      this.#note(error.message); // a toast would lie behind the dialog
    }
  }

  #fill(kind, address) {
    for (const id of ["copy-film", "before-film", "copy-controls"]) by(id).hidden = kind !== "video";
    for (const id of ["copy-still", "before-still"]) by(id).hidden = kind !== "image";
    for (const id of ["compare", "split-label"]) by(id).hidden = !["video", "image"].includes(kind);
    this.#sound(false);
    if (kind === "video") this.#copy.src = address;
    else if (kind === "image") by("copy-still").src = address;
    else this.#note(UNREADABLE);
  }

  #note(text) {
    by("result-note").textContent = text;
    by("result-note").hidden = !text;
  }

  #fail() {
    by("compare").hidden = by("split-label").hidden = by("copy-controls").hidden = true;
    this.#note(UNREADABLE);
  }

  #stop() {
    for (const film of [this.#copy, this.#before]) {
      film.pause();
      film.removeAttribute("src");
      film.load();
    }
    for (const id of ["copy-still", "before-still"]) by(id).removeAttribute("src");
  }

  // Playing

  #toggle() {
    if (this.#copy.paused) this.#copy.play().catch(() => {});
    else this.#copy.pause();
  }

  #seek() {
    const { duration } = this.#copy;
    if (duration) this.#copy.currentTime = (duration * Number(by("copy-seek").value)) / 1000;
  }

  #sound(isOn) {
    this.#copy.muted = !isOn;
    by("copy-sound").setAttribute("aria-pressed", String(isOn));
    by("copy-sound-icon").setAttribute("href", isOn ? "#i-sound" : "#i-silent");
  }

  // What the controls say, and the original at the same moment as the copy.
  #follow() {
    const [copy, before] = [this.#copy, this.#before];
    if (!copy.getAttribute("src")) return;
    by("copy-play").setAttribute("aria-label", copy.paused ? "Play the copy" : "Pause the copy");
    by("copy-icon").setAttribute("href", copy.paused ? "#i-play" : "#i-pause");
    if (copy.duration) by("copy-seek").value = String((1000 * copy.currentTime) / copy.duration);
    by("copy-seek").setAttribute("aria-valuetext", timecode(copy.currentTime));
    by("copy-time").textContent = timecode(copy.currentTime);
    if (!before.getAttribute("src")) return;
    const apart = Math.abs(before.currentTime - copy.currentTime);
    if (apart > (copy.paused ? 0 : APART_S)) before.currentTime = copy.currentTime;
    if (copy.paused) before.pause();
    else before.play().catch(() => {});
  }

  // The original is loaded when a person first compares.
  #split() {
    const share = Number(by("split").value);
    const { doc, path } = this.#store;
    by("compare").style.setProperty("--split", `${share}%`);
    by("compare").classList.toggle("comparing", share > 0);
    by("split").setAttribute("aria-valuetext", share ? `original in the left ${share} %` : "the copy only");
    if (!share) return;
    if (doc.result.kind === "image" && !by("before-still").getAttribute("src")) by("before-still").src = `${path}/frame/0?side=2560`;
    if (doc.result.kind === "video" && doc.video && !this.#before.getAttribute("src")) this.#before.src = `${path}/video`;
  }

  #key(event) {
    if (event.key !== " " || event.target.matches("button, summary, input")) return;
    event.preventDefault();
    this.#toggle();
  }
}
