// Keeps a region of a page as its server would draw it now. A stream rings; the region is fetched again.
// What is shown, and when it changes, the server decides.
import { hallTime, now, tellTimes } from "./time.js";

const SILENCE = 8000; // ms; the server speaks every 2.5 s
const PAUSES = [100, 250, 500, 1000]; // ms between tries
const ASLEEP = 4000; // ms the clock may jump before the line is taken for dead

// onLink(up, heardAt): the line came or went · rest: ms between two drawings that only the bell asked for.
// Gives refresh(), which resolves when something asked for no earlier than now has been drawn (or could not be).
export function live(region, { doorbell, fragment, rest = 0, onLink = () => {} }) {
  let shown = 0;
  let rung = false;
  let drawing = null;
  let again = 0;
  let drawnAt = 0;
  let resting = 0;
  let line = new AbortController();
  let up;
  let heardAt = now();

  function refresh() {
    rung = true; // an answer under way may be too old already: one question at a time, and one more after it
    drawing ??= draw().finally(() => (drawing = null));
    return drawing;
  }

  function ring() {
    clearTimeout(resting);
    resting = setTimeout(refresh, Math.max(0, drawnAt + rest - Date.now()));
  }

  async function draw() {
    try {
      while (rung) {
        rung = false;
        await show();
      }
    } catch (error) {
      console.info("fragment:", error);
      later(PAUSES.at(-1));
    }
  }

  function later(ms) {
    clearTimeout(again);
    again = setTimeout(refresh, ms);
  }

  async function show() {
    const answer = await fetch(fragment, { cache: "no-store", signal: AbortSignal.timeout(SILENCE) });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const root = part.content.firstElementChild;
    if (Number(root.dataset.seq) < shown) return; // an old answer never replaces a newer one
    hallTime(answer.headers.get("Hall-Time"));
    place(root);
    settle();
  }

  // Sections that are drawn as before stay, so that a press, a focus or a flash in them is not cut off.
  function place(root) {
    const old = region.firstElementChild;
    const parts = [...root.children].map((part) => Object.assign(part, { drawn: part.outerHTML }));
    if (old?.children.length !== parts.length) return region.replaceChildren(root);
    for (const { name, value } of root.attributes) old.setAttribute(name, value);
    parts.forEach((part, at) => {
      const before = old.children[at];
      if (before.drawn === part.drawn) return;
      const { scrollTop } = before;
      before.replaceWith(part);
      part.scrollTop = scrollTop;
    });
  }

  function settle() {
    const root = region.firstElementChild;
    const at = tellTimes();
    shown = Number(root.dataset.seq);
    clearTimeout(again);
    if (root.dataset.changesAt) later(Math.max(100, Number(root.dataset.changesAt) - at));
    drawnAt = Date.now();
  }

  function link(is) {
    if (is !== up) onLink((up = is), heardAt);
  }

  async function listen() {
    line = new AbortController();
    let watchdog = 0;
    const wait = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => line.abort(), SILENCE);
    };
    try {
      wait();
      const answer = await fetch(doorbell, { cache: "no-store", signal: line.signal });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      shown = 0; // it may be another server, which counts from elsewhere
      heardAt = now();
      link(true);
      refresh();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; !(part = await reader.read()).done; ) {
        wait();
        heardAt = now();
        const lines = (rest + part.value).split("\n");
        rest = lines.pop();
        if (lines.some((text) => text.startsWith("data:"))) ring();
      }
    } finally {
      clearTimeout(watchdog);
      link(false);
    }
  }

  async function listenForEver() {
    for (let tries = 0; ; tries += 1) {
      const since = Date.now();
      await listen().catch((error) => console.info("doorbell:", error));
      if (Date.now() - since > SILENCE) tries = 0;
      await new Promise((resume) => setTimeout(resume, PAUSES[Math.min(tries, PAUSES.length - 1)]));
    }
  }

  let ticked = Date.now();
  setInterval(() => {
    if (Date.now() - ticked > ASLEEP) line.abort(); // this computer slept: the old line may be dead and not say so
    ticked = Date.now();
    tellTimes();
  }, 500);
  addEventListener("online", () => line.abort());
  hallTime(region.dataset.now);
  settle();
  listenForEver();
  return refresh;
}
