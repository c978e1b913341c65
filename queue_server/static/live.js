// Keeps a region of a page as its server would draw it now. A stream brings the drawings, or rings and they are fetched.
// What is shown, and when it changes, the server decides.
import { keepLine } from "./line.js";
import { hallTime, now, tellTimes, tellTimesForEver } from "./time.js";

const PATIENCE = 8000; // ms for an answer
const AGAIN = 1000; // ms until it is asked for once more

// onLink(up, heardAt): the line came or went · rest: ms between two drawings that only the bell asked for ·
// onDrawn(root): something was drawn · onGone(): there is no such region any more.
// Gives refresh(), which resolves when something asked for no earlier than now has been drawn (or could not be).
// Without a fragment, all drawings come by the stream.
export function live(region, { doorbell, fragment, rest = 0, onLink = () => {}, onDrawn = () => {}, onGone = () => {} }) {
  let shown = 0;
  let rung = false;
  let drawing = null;
  let again = 0;
  let drawnAt = 0;
  let resting = 0;
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
      later(AGAIN);
    }
  }

  function later(ms) {
    clearTimeout(again);
    again = setTimeout(refresh, ms);
  }

  async function show() {
    const answer = await fetch(fragment, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    take(await answer.text(), answer.headers.get("Hall-Time"));
  }

  function take(html, hallsTime) {
    const part = document.createElement("template");
    part.innerHTML = html;
    const root = part.content.firstElementChild;
    if (Number(root.dataset.seq) < shown) return; // an old answer never replaces a newer one
    hallTime(hallsTime);
    place(root);
    settle();
  }

  // Sections that are drawn as before stay, so that a press, a focus or a scroll in them is not cut off.
  function place(root) {
    const old = region.firstElementChild;
    const parts = [...root.children].map((part) => Object.assign(part, { drawn: part.outerHTML }));
    if (old?.children.length !== parts.length) return region.replaceChildren(root);
    // How far each is scrolled is asked before anything is changed: between two changes it would cost a layout each.
    const changed = parts
      .map((part, at) => ({ part, before: old.children[at] }))
      .filter(({ part, before }) => before.drawn !== part.drawn)
      .map(({ part, before }) => ({ part, before, scrolled: before.scrollTop }));
    for (const { name, value } of root.attributes) old.setAttribute(name, value);
    for (const { part, before, scrolled } of changed) {
      before.replaceWith(part);
      if (scrolled) part.scrollTop = scrolled;
    }
  }

  function settle() {
    const root = region.firstElementChild;
    const at = tellTimes();
    shown = Number(root.dataset.seq);
    clearTimeout(again);
    if (root.dataset.changesAt) later(Math.max(100, Number(root.dataset.changesAt) - at));
    drawnAt = Date.now();
    onDrawn(root);
  }

  function link(is) {
    if (is !== up) onLink((up = is), heardAt);
  }

  keepLine(doorbell, {
    onOpen() {
      shown = 0; // it may be another server, which counts from elsewhere
      heardAt = now();
      link(true);
      if (fragment) refresh();
    },
    onHeard: () => (heardAt = now()),
    onEvent({ event, data, now }) {
      if (event !== "drawing") ring();
      else if (data) take(data, now);
      else onGone();
    },
    onRefused: (status) => status === 404 && onGone(),
    onClose: () => link(false),
  });
  hallTime(region.dataset.now);
  settle();
  tellTimesForEver();
  return refresh;
}
