// The console of a window: keys and buttons press the server's API. What a press may do, the server decides.
import { live } from "/shared/live.js";

const SAID = 8000; // ms a sentence stays
const region = document.getElementById("console");
const sentences = JSON.parse(document.getElementById("sentences").textContent);
const message = document.getElementById("message");
let up = false;
let pressing = false;
let saying = 0;

const refresh = live(region, {
  doorbell: region.dataset.doorbell,
  fragment: region.dataset.fragment,
  rest: 500,
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

// A press is about the ticket that was on screen with its button, under a key drawn for one press.
async function press(button) {
  if (pressing) return;
  if (!up) return say(sentences.lost);
  if (button.ariaDisabled) return say(button.title);
  pressing = true;
  document.body.dataset.pressing = "";
  try {
    const answer = await fetch(region.dataset.api + button.dataset.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": region.firstElementChild.dataset.nonce },
      body: JSON.stringify(about(button)),
      signal: AbortSignal.timeout(8000),
    });
    say(answer.ok ? "" : refusal(answer.status, await answer.json().catch(() => ({}))));
  } catch {
    say(sentences.unsure);
  }
  await refresh();
  pressing = false;
  delete document.body.dataset.pressing;
}

function about(button) {
  const { ticket } = button.closest("[data-ticket]")?.dataset ?? {};
  const { outcome, queue } = button.dataset;
  return "alone" in button.dataset ? {} : { ticket, outcome, queue };
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

addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) use(button);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const onButton = document.activeElement.matches("button:focus-visible, a:focus-visible");
  if (onButton && [" ", "Enter"].includes(event.key)) return; // who walks with Tab presses what has the focus
  const key = { " ": "space" }[event.key] ?? event.key.toLowerCase();
  const where = document.querySelector("dialog[open]") ?? region;
  const button = [...where.querySelectorAll("[data-keys]")].find((one) => one.dataset.keys.split(" ").includes(key));
  if (!button) return;
  event.preventDefault();
  if (!event.repeat) use(button);
});
