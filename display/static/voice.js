// Plays what the zone's voice says, if this page has the lease to. Clips follow each other to the sample, and every
// sentence is played to its end. What is said, and when, the server decides.
import { keepLine } from "/shared/line.js";

const LEAD = 0.06; // seconds between the order and the first sound
const KEPT = 300; // clips

export async function speak(mark) {
  const context = new AudioContext();
  const clips = new Map();
  let free = 0; // when what is being played is over, in the context's time
  let saying = Promise.resolve();

  // Without a touch a browser may not play; one started for a board can be told to (docs/display.md).
  await new Promise((begun) => {
    const isOn = () => context.state === "running" && begun();
    context.addEventListener("statechange", isOn);
    mark.addEventListener("click", () => context.resume());
    isOn();
  });
  mark.disabled = true;
  keepLine(mark.dataset.voice, {
    onEvent({ event, data }) {
      if (event === "lease") mark.dataset.state = data === "held" ? "on" : "waiting";
      if (event === "say") saying = saying.then(() => say(JSON.parse(data))).catch((error) => console.info("voice:", error));
    },
    onClose: () => (mark.dataset.state = "waiting"),
  });

  async function say({ steps }) {
    const sounds = await Promise.all(steps.map(({ clip }) => clip && sound(clip)));
    let at = Math.max(context.currentTime + LEAD, free);
    steps.forEach(({ lasts }, place) => {
      if (sounds[place]) {
        const source = new AudioBufferSourceNode(context, { buffer: sounds[place] });
        source.connect(context.destination);
        source.start(at);
      }
      at += sounds[place]?.duration ?? lasts / 1000;
    });
    free = at;
  }

  // A clip that cannot be had is silence as long as it would be.
  function sound(url) {
    if (!clips.has(url)) {
      clips.set(url, load(url).catch((error) => (console.info("clip:", url, error), clips.delete(url), null)));
      if (clips.size > KEPT) clips.delete(clips.keys().next().value);
    }
    return clips.get(url);
  }

  async function load(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return context.decodeAudioData(await answer.arrayBuffer());
  }
}
