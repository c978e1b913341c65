// Tells times on a page by the hall's clock, not this computer's.
let offset = 0;

export function hallTime(ms) {
  if (ms) offset = Number(ms) - Date.now();
}

export const now = () => Date.now() + offset;

function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const HALF = 500; // ms: what rings is lit every other half of a second …
const RINGS = 6000; // … for so long

// data-rings: since when something rings. By the hall's clock, so that pages side by side flash together; not by an
// animation, because a browser draws those anew sixty times a second though they change twice.
function flash(at) {
  const lit = Math.floor(at / HALF) % 2 === 1;
  for (const one of document.querySelectorAll("[data-rings]"))
    one.classList.toggle("lit", lit && at - Number(one.dataset.rings) < RINGS);
}

// data-clock: the time of day · data-time: an instant's, h:mm · data-date: the day · data-since: how long ago, m:ss · data-until: how long still, m:ss, empty when over
export function tellTimes() {
  const at = now();
  const timeZone = document.querySelector("[data-timezone]")?.dataset.timezone;
  const language = document.documentElement.lang;
  const write = (element, text) => element.textContent === text || (element.textContent = text);
  for (const clock of document.querySelectorAll("[data-clock]"))
    write(clock, new Date(at).toLocaleTimeString("en-GB", { timeZone }));
  for (const time of document.querySelectorAll("[data-time]:empty"))
    write(time, new Date(Number(time.dataset.time)).toLocaleTimeString("en-GB", { timeZone, timeStyle: "short" }));
  for (const day of document.querySelectorAll("[data-date]"))
    write(day, new Date(at).toLocaleDateString(language, { timeZone, month: "long", day: "numeric", weekday: "short" }));
  for (const since of document.querySelectorAll("[data-since]"))
    write(since, since.dataset.since ? age(at - Number(since.dataset.since)) : "");
  for (const until of document.querySelectorAll("[data-until]")) {
    const left = Number(until.dataset.until) - at;
    write(until, left > 0 ? age(left + 999) : "");
  }
  flash(at);
  return at;
}

// At every half second of the hall's clock.
export function tellTimesForEver() {
  tellTimes();
  setTimeout(tellTimesForEver, HALF - (now() % HALF) + 1);
}
