import { live } from "/shared/live.js";

const board = document.getElementById("board");
const voice = document.getElementById("voice");
const silent = board.firstElementChild.dataset.silent ?? "false";

live(board, {
  doorbell: board.dataset.doorbell,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    for (const age of document.querySelectorAll("#lost [data-since]")) age.dataset.since = heardAt;
  },
  // Whether a page may speak is told when it is loaded.
  onDrawn({ dataset }) {
    if ((dataset.silent ?? silent) !== silent) location.reload();
  },
});

// A picture or video this browser cannot show gives its place to the table of waits.
addEventListener("error", ({ target }) => target.closest?.(".picture")?.classList.add("broken"), true);

if (voice) import("./voice.js").then(({ speak }) => speak(voice));
