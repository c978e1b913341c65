// The console of a window: keys and buttons press the server's API. What a press may do, the server decides.
import { live } from "/shared/live.js";

const SAID = 8000; // ms a sentence stays
const region = document.getElementById("console");
const sentences = JSON.parse(document.getElementById("sentences").textContent);
const message = document.getElementById("message");
let up = false;
let pressing = null; // what was on screen under the press that is under way
let saying = 0;

const refresh = live(region, {
  doorbell: region.dataset.doorbell,
  fragment: region.dataset.fragment,
  rest: 500,
  onDrawn() {
    if (pressing && pressing.seen !== seen()) pressed(pressing); // done, though its answer is still on the way
  },
  onLink(is, heardAt) {
    up = is;
    document.body.dataset.link = up ? "up" : "lost";
    document.querySelector("#lost [data-since]").dataset.since = heardAt;
  },
});

function say(sentence) {
  message.textContent = sentence;
  clearTimeout(saying);
  saying = setTimeout(say, SAID, "");
}

// The window as shown: what state it is in, with which ticket.
function seen() {
  const { className, dataset } = document.getElementById("state");
  return `${className} ${dataset.ticket}`;
}

function pressed(press) {
  if (pressing !== press) return;
  pressing = null;
  delete document.body.dataset.pressing;
}

// A press is about the ticket that was on screen with its button, under a key drawn for one press. Until it is answered,
// or the window is seen to have moved on, further presses are a finger that was too quick.
async function press(button) {
  if (pressing) return;
  if (!up) return say(sentences.lost);
  if (button.ariaDisabled) return say(button.title);
  const mine = (pressing = { seen: seen() });
  document.body.dataset.pressing = "";
  say(""); // what was said of the press before
  try {
    const answer = await fetch(region.dataset.api + button.dataset.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": region.firstElementChild.dataset.nonce },
      body: JSON.stringify(about(button)),
      signal: AbortSignal.timeout(8000),
    });
    if (!answer.ok) say(refusal(answer.status, await answer.json().catch(() => ({}))));
  } catch {
    say(sentences.unsure);
  }
  await refresh();
  pressed(mine);
}

function about(button) {
  const { ticket } = button.closest("[data-ticket]")?.dataset ?? {};
  const { outcome, queue } = button.dataset;
  const confirmed = { true: true, false: false }[button.dataset.confirmed];
  return "alone" in button.dataset ? {} : { ticket, outcome, queue, confirmed };
}

function refusal(status, problem) {
  const reason = String(problem.type ?? "").split("/").at(-1);
  return sentences[reason] ?? sentences.other.replace("{status}", status);
}

function use(button) {
  if (button.ariaDisabled) say(button.title);
  else if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  else {
    button.closest("dialog")?.close();
    if (button.dataset.action) press(button);
  }
}

// The field for the paper of a kiosk that died. A scanner types what it reads, wherever the focus is, and faster than
// anybody: so a letter waits a moment before it presses a button, and letters that come together are read, not pressed.
const scan = document.getElementById("scan");
const TOGETHER = 60; // ms between the first two letters of a scanner; a slow one rests longer between later ones
const READING = 300;
let typed = "";
let last = 0;
let waiting = 0;

function listen(event) {
  const together = event.timeStamp - last < (typed.length > 1 ? READING : TOGETHER);
  typed = together ? typed + event.key : event.key;
  last = event.timeStamp;
  document.body.dataset.pressing = "";
  clearTimeout(waiting);
  if (typed.length > 1) scan.code.value = typed;
  waiting = typed.length > 1 ? setTimeout(forget, READING) : setTimeout(useTyped, TOGETHER);
}

function forget() {
  clearTimeout(waiting);
  typed = scan.code.value = "";
  if (!pressing) delete document.body.dataset.pressing;
}

function useTyped() {
  const key = typed;
  forget();
  useKey(key.toLowerCase());
}

function useKey(key) {
  const where = document.querySelector("dialog[open]") ?? region;
  const button = [...where.querySelectorAll("[data-keys]")].find((one) => one.dataset.keys.split(" ").includes(key));
  if (button) use(button);
  return Boolean(button);
}

function readOut() {
  const code = scan.code.value.trim();
  forget();
  scan.code.blur();
  if (code) absorb(code);
}

async function absorb(code) {
  if (!up) return say(sentences.lost);
  try {
    const answer = await fetch(scan.dataset.api, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code }),
      signal: AbortSignal.timeout(8000),
    });
    const content = await answer.json().catch(() => ({}));
    if (!answer.ok) return say(refusal(answer.status, content));
    const sentence = content.new ? sentences.paper_new : sentences.paper_known;
    say(sentence.replace("{label}", content.ticket.label).replace("{state}", sentences.states[content.ticket.state]));
  } catch {
    say(sentences.unsure);
  }
  await refresh();
}

scan.addEventListener("submit", (event) => {
  event.preventDefault();
  readOut();
});

addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) use(button);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (["Shift", "CapsLock"].includes(event.key)) return;
  if (event.target === scan.code) return event.key === "Escape" ? scan.code.blur() : undefined;
  if (event.key.length === 1 && event.key !== " ") {
    event.preventDefault();
    if (!event.repeat) listen(event);
    return;
  }
  if (typed.length > 1) {
    event.preventDefault();
    return event.key === "Enter" ? readOut() : forget();
  }
  if (typed) useTyped();
  const onButton = document.activeElement.matches("button:focus-visible, a:focus-visible");
  if (onButton && [" ", "Enter"].includes(event.key)) return; // who walks with Tab presses what has the focus
  if (event.repeat) return event.preventDefault();
  if (useKey({ " ": "space" }[event.key] ?? event.key.toLowerCase())) event.preventDefault();
});
