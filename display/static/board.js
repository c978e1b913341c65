import { live } from "/shared/live.js";

const board = document.getElementById("board");
const voice = document.getElementById("voice");

live(board, {
  doorbell: board.dataset.doorbell,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    for (const age of document.querySelectorAll("#lost [data-since]")) age.dataset.since = heardAt;
  },
});

// A picture or video this browser cannot show gives its place to the table of waits.
addEventListener("error", ({ target }) => target.closest?.(".picture")?.classList.add("broken"), true);

if (voice) import("./voice.js").then(({ speak }) => speak(voice));
