import { live } from "/shared/live.js";

const sign = document.getElementById("sign");

live(sign, {
  doorbell: sign.dataset.doorbell,
  onLink(up, heardAt) {
    document.body.dataset.link = up ? "up" : "lost";
    for (const age of document.querySelectorAll("#lost [data-since]")) age.dataset.since = heardAt;
  },
});
