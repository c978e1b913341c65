// Keeps a region of a page as its server would draw it now. A stream rings; the region is fetched again.
// What is shown, and when it changes, the server decides.
import { hallTime, now, tellTimes } from "./time.js";

const SILENCE = 8000; // ms; the server speaks every 2.5 s
const PAUSES = [100, 250, 500, 1000]; // ms between tries
const ASLEEP = 4000; // ms the clock may jump before the line is taken for dead

export function live(region, { doorbell, fragment, onLink = () => {}, onShown = () => {} }) {
  let line = new AbortController();
  let shown = Number(region.firstElementChild?.dataset.seq ?? 0);
  let fetching = false;
  let rung = false;
  let again = 0;
  let up;
  let heardAt = now(); // by the hall's clock

  function link(is) {
    if (is !== up) onLink((up = is), heardAt);
  }

  async function refresh() {
    rung = true;
    if (fetching) return; // one question at a time; the answer under way may be too old, so ask once more after it
    fetching = true;
    try {
      while (rung) {
        rung = false;
        await show();
      }
    } catch (error) {
      console.info("fragment:", error);
      clearTimeout(again);
      again = setTimeout(refresh, PAUSES.at(-1));
    } finally {
      fetching = false;
    }
  }

  async function show() {
    const answer = await fetch(fragment, { cache: "no-store", signal: AbortSignal.timeout(SILENCE) });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const seq = Number(part.content.firstElementChild.dataset.seq);
    if (seq < shown) return; // an old answer never replaces a newer one
    shown = seq;
    hallTime(answer.headers.get("Hall-Time"));
    region.replaceChildren(part.content);
    settle();
  }

  function settle() {
    const at = tellTimes();
    const { changesAt } = region.firstElementChild.dataset;
    clearTimeout(again);
    if (changesAt) again = setTimeout(refresh, Math.max(100, Number(changesAt) - at));
    onShown(region.firstElementChild);
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
      link(true);
      refresh();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; !(part = await reader.read()).done; ) {
        wait();
        heardAt = now();
        const lines = (rest + part.value).split("\n");
        rest = lines.pop();
        if (lines.some((text) => text.startsWith("data:"))) refresh();
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
