// Playing: by the browser's own video where there is one, otherwise picture by picture; J, K and L as in an editor.

import { timecode } from "./times.js";
import { by, el, toast } from "./words.js";

const SPEEDS = [1, 2, 4, 8]; // of J and L
const RATES = [0.25, 0.5, 1, 2, 4, 8]; // of playing

export class Player {
  #store;
  #stage;
  #film = by("film");
  #run = 0; // changes whenever something else begins to play
  #offset = 0; // of the video's clock
  #rate = 1;
  speed = 0;

  constructor(store, stage) {
    this.#store = store;
    this.#stage = stage;
    store.addEventListener("opened", () => this.#opened());
    for (const event of ["moved", "changed", "opened"]) store.addEventListener(event, () => this.#tell());
    this.#film.addEventListener("error", () => {
      this.#film.dataset.broken = "1";
    });
    by("rate").append(...RATES.map((rate) => el("option", { value: rate, selected: rate === 1 }, `${rate}×`)));
    by("rate").addEventListener("change", () => this.#setRate(Number(by("rate").value)));
    by("sound").addEventListener("click", () => this.toggleSound());
    by("full").addEventListener("click", () => this.toggleFull());
    document.addEventListener("fullscreenchange", () => this.#fullChanged());
    by("play").addEventListener("click", () => this.toggle());
    by("step-back").addEventListener("click", () => this.step(-1));
    by("step-on").addEventListener("click", () => this.step(1));
  }

  #opened() {
    this.pause();
    this.#film.removeAttribute("src");
    this.#film.load();
    delete this.#film.dataset.broken;
    this.#film.hidden = true;
    this.withVideo();
  }

  // The server has a video that this browser may be able to play.
  withVideo() {
    const { doc } = this.#store;
    if (!doc?.video || this.#store.isPhoto || this.#film.getAttribute("src")) return;
    this.#film.src = `${this.#store.path}/video`;
    this.#film.addEventListener("loadeddata", () => {
      // Some files start late, and browsers count from there or from zero: the first picture tells.
      this.#film.requestVideoFrameCallback?.((_, { mediaTime }) => {
        if (this.speed === 0) this.#offset = mediaTime;
      });
    }, { once: true });
  }

  get hasVideo() {
    return Boolean(this.#film.getAttribute("src")) && !this.#film.dataset.broken && this.#film.readyState >= 2;
  }

  step(frames) {
    this.pause();
    this.#store.go(this.#store.frame + frames);
  }

  seconds(by_) {
    this.pause();
    this.#store.go(this.#store.at(Math.max(0, this.#store.doc.seconds[this.#store.frame] + by_)));
  }

  toggle() {
    if (this.speed) this.pause();
    else this.play(this.#rate);
  }

  // The next slower or faster rate.
  changeRate(way) {
    const at = RATES.indexOf(this.#rate) + way;
    this.#setRate(RATES[Math.min(Math.max(at, 0), RATES.length - 1)]);
  }

  #setRate(rate) {
    this.#rate = rate;
    by("rate").value = String(rate);
    if (this.speed > 0) this.play(rate);
  }

  // Sound comes with the source itself. The light copy that some sources need has none.
  toggleSound() {
    if (!this.#store.doc.sound) return toast("There is no sound to play here.");
    this.#film.muted = !this.#film.muted;
    by("sound").setAttribute("aria-pressed", String(!this.#film.muted));
    by("sound-icon").setAttribute("href", this.#film.muted ? "#i-silent" : "#i-sound");
  }

  async toggleFull() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      toast("This browser does not allow full screen here.");
    }
  }

  #fullChanged() {
    const isFull = Boolean(document.fullscreenElement);
    document.body.classList.toggle("full", isFull);
    by("full").setAttribute("aria-pressed", String(isFull));
  }

  faster(way) {
    const now = Math.abs(this.speed);
    const next = Math.sign(this.speed) === way ? SPEEDS[Math.min(SPEEDS.indexOf(now) + 1, SPEEDS.length - 1)] : 1;
    this.play(way * next);
  }

  pause() {
    if (!this.speed) return;
    this.#run += 1;
    this.speed = 0;
    this.#film.pause();
    this.#stage.isPlaying = false;
    this.#stage.show(false);
    this.#tell();
  }

  play(speed) {
    if (this.#store.isPhoto || this.#store.frames < 2) return;
    this.#film.pause();
    if (speed > 0 && this.#store.frame >= this.#store.frames - 1) this.#store.go(0);
    this.speed = speed;
    this.#run += 1;
    const run = this.#run;
    this.#stage.isPlaying = true;
    this.#tell();
    if (speed > 0 && !this.#store.isFinal && this.hasVideo) this.#playVideo(run, speed);
    else this.#playPictures(run, speed);
  }

  async #playVideo(run, speed) {
    const film = this.#film;
    film.playbackRate = speed;
    film.currentTime = this.#store.doc.seconds[this.#store.frame] + this.#offset + 1e-3;
    film.hidden = false;
    const seen = (_, { mediaTime }) => {
      if (run !== this.#run) return;
      by("still").hidden = true;
      this.#store.go(this.#store.at(mediaTime - this.#offset));
      if (film.ended || this.#store.frame >= this.#store.frames - 1) this.pause();
      else film.requestVideoFrameCallback(seen);
    };
    film.requestVideoFrameCallback(seen);
    film.onended = () => run === this.#run && this.pause();
    try {
      await film.play();
    } catch {
      if (run === this.#run) this.#playPictures(run, speed);
    }
  }

  async #playPictures(run, speed) {
    const start = performance.now();
    const from = this.#store.doc.seconds[this.#store.frame];
    let last = this.#store.frame;
    while (run === this.#run) {
      const next = this.#store.at(from + ((performance.now() - start) / 1000) * speed);
      if (next !== last) {
        last = next;
        await this.#stage.picture(next, Math.abs(speed) > 2 && !this.#store.isFinal);
        if (run !== this.#run) return;
        this.#store.go(next);
      } else await new Promise(requestAnimationFrame);
      if ((speed > 0 && next >= this.#store.frames - 1) || (speed < 0 && next <= 0)) this.pause();
    }
  }

  #tell() {
    const { doc, frame, frames } = this.#store;
    if (!frames) return;
    const isPaused = !this.speed;
    by("play").setAttribute("aria-label", isPaused ? "Play" : "Pause");
    by("play-icon").setAttribute("href", isPaused ? "#i-play" : "#i-pause");
    by("speed").hidden = isPaused || this.speed === this.#rate;
    by("sound").hidden = !doc.sound;
    by("speed").textContent = `${this.speed}×`;
    by("time").textContent = this.#store.isPhoto ? `page ${frame + 1} of ${frames}` : `${timecode(doc.seconds[frame])}  ·  ${frame + 1} / ${frames}`;
    const { first, last } = this.#store.marks;
    by("marks").hidden = first === null && last === null;
    by("marks").textContent = `range ${first === null ? "…" : first + 1}–${last === null ? "…" : last + 1}`;
    const lanes = by("lanes");
    lanes.setAttribute("aria-valuemax", String(frames - 1));
    lanes.setAttribute("aria-valuenow", String(frame));
    lanes.setAttribute("aria-valuetext", `${timecode(doc.seconds[frame])}, frame ${frame + 1} of ${frames}`);
  }
}
