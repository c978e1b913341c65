// The manager's page shows the hall and is drawn again when something changes; what is pressed is in moving.js.
import { live } from "/shared/live.js";
import { offerMoves } from "/static/moving.js";

const region = document.getElementById("manage");
let focused = ""; // what has the focus, so that it keeps it when it is drawn anew

addEventListener("pointerdown", () => (focused = "")); // on nothing, nothing has it
addEventListener("focusin", (event) => (focused = region.contains(event.target) ? event.target.id : ""));

const refresh = live(region, {
  doorbell: region.dataset.doorbell,
  fragment: region.dataset.fragment,
  rest: 1000,
  onDrawn() {
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  },
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    document.querySelector("#lost [data-since]").dataset.since = heardAt;
  },
});
offerMoves(region, refresh);
