// What the composer offers while a command is typed, and the keys. Goes on where console.js ends: the two are served as
// one file. Completion follows the combobox pattern.
const list = $("#completions");
let [offered, chosen, asked] = [[], -1, 0];

function typed() {
  text.classList.toggle("exact", text.value.startsWith("/"));
  if (!CSS.supports("field-sizing", "content")) {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }
  clearTimeout(asked);
  if (!text.value.startsWith("/") || text.value.includes("\n")) return offer([]);
  asked = setTimeout(ask, 90);
}

async function ask() {
  const [whole, before] = [text.value, text.value.slice(0, text.selectionEnd)];
  const url = `/c/${encodeURIComponent(channel)}/complete?text=${encodeURIComponent(before)}`;
  const response = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
  if (response?.ok && text.value === whole) offer(await response.json());
}

function offer(completions) {
  clearTimeout(asked);
  offered = completions;
  chosen = -1;
  list.replaceChildren(...completions.map((completion, index) => {
    const [item, label, hint] = ["li", "code", "span"].map((name) => document.createElement(name));
    label.textContent = completion.label;
    hint.textContent = completion.hint;
    item.append(label, hint);
    Object.assign(item, { id: `completion-${index}`, role: "option", ariaSelected: "false", ariaDisabled: String(!completion.insert) });
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
    return item;
  }));
  list.hidden = completions.length === 0;
  text.ariaExpanded = String(!list.hidden);
  text.removeAttribute("aria-activedescendant");
  if (completions.length) say(completions.map((one) => `${one.label} ${one.hint}`).slice(0, 3).join(", "));
}

// To the next one from here that can be taken, round the end; a hint alone cannot.
function choose(step) {
  for (let tries = 0, at = chosen < 0 && step < 0 ? 0 : chosen; tries < offered.length; tries += 1) {
    at = (at + step + offered.length) % offered.length;
    if (offered[at].insert) { chosen = at; break; }
  }
  if (chosen < 0) return;
  [...list.children].forEach((item, at) => { item.ariaSelected = String(at === chosen); });
  list.children[chosen].scrollIntoView({ block: "nearest" });
  text.setAttribute("aria-activedescendant", `completion-${chosen}`);
}

function take(index) {
  const insert = offered[index]?.insert;
  if (!insert) return false;
  const before = text.value.slice(0, text.selectionEnd).replace(/\S*$/, () => `${insert} `);
  text.value = before + text.value.slice(text.selectionEnd).trimStart();
  text.setSelectionRange(before.length, before.length);
  typed();
  return true;
}

function keyInComposer(event) {
  if (event.isComposing) return;
  const open = !list.hidden && !event.shiftKey;
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) choose(event.key === "ArrowDown" ? 1 : -1);
  else if (open && event.key === "Escape") offer([]);
  else if (open && event.key === "Tab") {
    if (!take(chosen < 0 ? offered.findIndex((one) => one.insert) : chosen)) return;
  } else if (event.key === "Enter" && !event.shiftKey) {
    if (open && take(chosen)) return event.preventDefault();
    offer([]);
    if (text.value.trim()) composer.requestSubmit();
  } else return;
  event.preventDefault();
}

// Keys in the conversation: up and down go from message to message, a slash begins a command.
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && text) {
    event.preventDefault();
    if (!text.value) { text.value = "/"; typed(); }
    return text.focus();
  }
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step || !scroll?.contains(event.target) || event.target.closest("pre")) return;
  const all = [...scroll.querySelectorAll("article")];
  const at = all.indexOf(event.target.closest("article"));
  const next = all[at < 0 ? all.length - 1 : at + step];
  event.preventDefault();
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
});

if (text) {
  Object.assign(text, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
  text.setAttribute("aria-controls", "completions");
  text.addEventListener("input", typed);
  text.addEventListener("keydown", keyInComposer);
  text.addEventListener("blur", () => offer([]));
  if (matchMedia("(hover: hover)").matches && !location.hash) text.focus({ preventScroll: true });
  typed();
}
