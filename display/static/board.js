import { live } from "/shared/live.js";

const board = document.getElementById("board");

live(board, {
  doorbell: board.dataset.doorbell,
  fragment: board.dataset.fragment,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    for (const age of document.querySelectorAll("#lost [data-since]")) age.dataset.since = heardAt;
  },
});
