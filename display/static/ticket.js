import { hallTime, tellTimes } from "/shared/time.js";

hallTime(document.body.dataset.now);
tellTimes();
