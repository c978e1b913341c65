// Moving windows. A button carries the orders it gives to the server's API; the dialog asks the server what would come
// of a change. What may be done, and what would come of it, the server says.
const PATIENCE = 45000; // ms for an answer; something may have to be computed for it
const SAID = 10000; // ms a sentence stays

export function offerMoves(region, refresh) {
  const sentences = JSON.parse(document.getElementById("sentences").textContent);
  const message = document.getElementById("message");
  const dialog = document.getElementById("what-if");
  let pressing = false;
  let presses = 0;
  let saying = 0;

  function say(sentence) {
    (dialog.open ? dialog : document.body).append(message); // what a dialog covers nobody reads
    message.textContent = sentence;
    clearTimeout(saying);
    saying = setTimeout(() => (message.textContent = ""), SAID);
  }

  async function give(order) {
    const answer = await fetch(order.path, {
      method: order.method,
      headers: { "Content-Type": "application/json", "Idempotency-Key": `${region.dataset.nonce}-${++presses}` },
      body: JSON.stringify(order.body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.ok) return "";
    const problem = await answer.json().catch(() => ({}));
    const reason = String(problem.type ?? "").split("/").at(-1);
    return sentences[reason] ?? sentences.other.replace("{status}", answer.status);
  }

  async function press(button) {
    if (pressing) return;
    if (document.body.dataset.link !== "up") return say(sentences.lost);
    if (button.ariaDisabled === "true") return say(button.title);
    pressing = true;
    document.body.dataset.pressing = "";
    say(button.dataset.saying ?? "");
    let refused = "";
    try {
      for (const order of JSON.parse(button.dataset.orders)) if (!refused) refused = await give(order);
    } catch {
      refused = sentences.unsure;
    }
    if (!refused) dialog.close();
    say(refused);
    await refresh();
    pressing = false;
    delete document.body.dataset.pressing;
  }

  async function ask(given) {
    if (pressing) return;
    pressing = true;
    dialog.setAttribute("aria-busy", "true");
    if (given.has("ask")) say(sentences.waiting);
    try {
      const answer = await fetch(`${dialog.dataset.fragment}?${given}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      dialog.innerHTML = await answer.text();
      if (!dialog.open) dialog.showModal();
      (dialog.querySelector("#do-it") ?? dialog.querySelector("[type=radio]:checked")).focus();
      say("");
    } catch (error) {
      console.info("what if:", error);
      say(sentences.unsure);
    }
    dialog.removeAttribute("aria-busy");
    pressing = false;
  }

  addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.orders) press(button);
    else if (button.dataset.whatIf) ask(new URLSearchParams({ window: button.dataset.whatIf, lang: region.dataset.language }));
    else if ("close" in button.dataset) dialog.close();
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(new URLSearchParams(new FormData(event.target)));
  });
}
