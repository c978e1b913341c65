// A resident's ticket, live; and a reminder by sound and vibration when it is called, for who asked for one.
import { live } from "/shared/live.js";

const BEEPS = [0, 0.35, 0.7, 1.4, 1.75, 2.1]; // seconds
const HUM = [400, 150, 400, 150, 800];

const region = document.getElementById("ticket");
const button = document.getElementById("remind");
let context; // made by a touch: a browser lets no page make a sound before
let reminded = region.firstElementChild.dataset.called;

function remind() {
  navigator.vibrate?.(HUM);
  for (const after of BEEPS) {
    const at = context.currentTime + after;
    const tone = new OscillatorNode(context, { frequency: 880 });
    const loudness = new GainNode(context, { gain: 0 });
    loudness.gain.setValueAtTime(0.6, at).exponentialRampToValueAtTime(0.001, at + 0.3);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.3);
  }
}

live(region, {
  doorbell: region.dataset.doorbell,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    for (const age of document.querySelectorAll("#lost [data-since]")) age.dataset.since = heardAt;
  },
  onDrawn(root) {
    const { state, called } = region.firstElementChild.dataset;
    button.hidden = !["waiting", "called"].includes(state);
    if (context && called && called !== reminded) remind();
    reminded = called;
  },
  onGone: () => location.reload(),
});

button.addEventListener("click", async () => {
  context ??= new AudioContext();
  await context.resume();
  button.textContent = button.dataset.on;
  button.disabled = true;
  navigator.wakeLock?.request("screen").catch((error) => console.info("this phone may go to sleep:", error));
  if (reminded) remind();
});
