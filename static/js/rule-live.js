// The sentence above a rule's form, renewed while somebody types. Without it the sentence shows after saving.
const box = document.getElementById("rule-live");
const form = box?.closest("form");

let timer;
let asked = 0;

async function renew() {
  const mine = ++asked;
  const answer = await fetch(box.dataset.url, { method: "POST", body: new FormData(form) });
  if (!answer.ok || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  box.replaceChildren(...page.body.childNodes);
}

if (box && form) {
  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, () => {
      clearTimeout(timer);
      timer = setTimeout(() => renew().catch(() => {}), 250);
    });
  }
}
