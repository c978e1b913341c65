// The manager's page only shows; it is drawn again when something changes.
import { live } from "/shared/live.js";

const region = document.getElementById("manage");
live(region, {
  doorbell: region.dataset.doorbell,
  fragment: region.dataset.fragment,
  rest: 1000,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    document.querySelector("#lost [data-since]").dataset.since = heardAt;
  },
});
