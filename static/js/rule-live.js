// Beside a rule's form: the sentence and the count follow what is typed, and a try answers in place.
// Without this module the same shows after saving, or after the button that tries.
const box = document.getElementById("rule-live");
const form = box?.closest("form");

// Of several questions on their way only the answer to the last is shown.
function asker(url, place) {
  let asked = 0;
  return async () => {
    const mine = ++asked;
    const answer = await fetch(url, { method: "POST", body: new FormData(form) });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...page.body.childNodes);
  };
}

function afterTyping(ask, wait) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => {}), wait);
  };
}

if (box && form) {
  const trial = document.getElementById("rule-trial");
  const follow = [
    afterTyping(asker(box.dataset.url, document.getElementById("rule-sentence")), 250),
    afterTyping(asker(box.dataset.touched, document.getElementById("rule-touched")), 600),
  ];
  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, (event) => {
      if (!trial?.contains(event.target)) follow.forEach((renew) => renew());
    });
  }
  const tryIt = trial && asker(box.dataset.trial, trial);
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name !== "_try") return;
    event.preventDefault();
    tryIt().then(() => trial.querySelector("[name=_try]").focus()).catch(() => {});
  });
  // Enter in the small form tries; it does not save the rule.
  trial?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    form.requestSubmit(trial.querySelector("[name=_try]"));
  });
}
