// A line to a server that speaks now and then and is never silent for long; it is made again for as long as it takes.
const SILENCE = 8000; // ms; the server speaks every 2.5 s
const PAUSES = [100, 250, 500, 1000]; // ms between tries
const ASLEEP = 4000; // ms the clock may jump before the line is taken for dead

// onOpen(): it is there · onRefused(status): the server does not want it · onHeard(): a byte came · onEvent({event, data}): an event came · onClose(): it is gone
export function keepLine(url, { onOpen = () => {}, onRefused = () => {}, onHeard = () => {}, onEvent, onClose = () => {} }) {
  let line = new AbortController();

  async function listen() {
    line = new AbortController();
    let watchdog = 0;
    const wait = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => line.abort(), SILENCE);
    };
    try {
      wait();
      const answer = await fetch(url, { cache: "no-store", signal: line.signal });
      if (!answer.ok) onRefused(answer.status);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      onOpen();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; !(part = await reader.read()).done; ) {
        wait();
        onHeard();
        const events = (rest + part.value).split("\n\n");
        rest = events.pop();
        for (const text of events) {
          const event = Object.fromEntries(text.split("\n").map((field) => field.split(/: ?(.*)/s, 2)));
          if (event.data !== undefined) onEvent(event);
        }
      }
    } finally {
      clearTimeout(watchdog);
      onClose();
    }
  }

  async function listenForEver() {
    for (let tries = 0; ; tries += 1) {
      const since = Date.now();
      await listen().catch((error) => console.info("line:", error));
      if (Date.now() - since > SILENCE) tries = 0;
      await new Promise((resume) => setTimeout(resume, PAUSES[Math.min(tries, PAUSES.length - 1)]));
    }
  }

  let ticked = Date.now();
  setInterval(() => {
    if (Date.now() - ticked > ASLEEP) line.abort(); // this computer slept: the old line may be dead and not say so
    ticked = Date.now();
  }, 500);
  addEventListener("online", () => line.abort());
  listenForEver();
}
