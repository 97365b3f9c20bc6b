// What the console does beyond its forms, all of which work without this file: sending without a reload, live updates,
// completion, keys. It builds no HTML of its own; what it inserts was made and escaped by the server.
const root = document.documentElement;
root.classList.add("script");
const $ = (selector, within = document) => within.querySelector(selector);
const channel = document.body.dataset.channel;
const thread = document.body.dataset.thread;
const [scroll, messages, composer, text] = ["#scroll", "#messages", "#composer", "#text"].map((id) => $(id));
const word = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const say = (what) => { const status = $("#status"); if (status) status.textContent = what; };

function complain(what) {
  const problem = $("#problem");
  if (!problem) return say(what);
  problem.textContent = what;
  problem.hidden = !what;
}

// Sending ------------------------------------------------------------------------------------------------------------
async function send(form) {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    if (response.ok) return complain(""), true;
    const problem = await response.json().catch(() => null);
    complain(problem?.text ?? "That did not work. Reload the page and try again.");
  } catch {
    complain("The server cannot be reached. Nothing was sent; try again.");
  }
  return false;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form !== composer && !form.matches("[data-send]")) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const sent = await send(form).finally(() => delete form.dataset.busy);
  if (!sent) return;
  form.closest("details")?.removeAttribute("open");
  if (form === composer) {
    // Only a message that arrived gets a new word: one sent again after a failure is the same message.
    form.elements.once.value = word();
    text.value = "";
    typed();
    scroll.scrollTop = 0;
  }
  if (!live) catchUp();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-compose]");
  if (!button || !text) return;
  text.value = button.dataset.compose;
  typed();
  text.focus();
});

// Live updates -------------------------------------------------------------------------------------------------------
let live = false;

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Puts the new form of a message in the place of the old one, and keeps what somebody was in the middle of.
function replace(old, fresh) {
  const open = $("details[open]", old);
  const inside = old.contains(document.activeElement) ? document.activeElement : null;
  const same = $(`details[data-key="${open?.dataset.key}"]`, fresh);
  if (open && same) {
    same.open = true;
    $("[name=note]", same).value = $("[name=note]", open).value;
  }
  old.replaceWith(fresh);
  localise(fresh);
  if (!inside) return;
  const alike = (one) => ["tagName", "textContent", "name"].every((what) => one[what] === inside[what]);
  ([...fresh.querySelectorAll("a, button, summary, input[type=text]")].find(alike) ?? fresh).focus({ preventScroll: true });
}

// A list is kept in the order of the ids, which is the order of time.
function insert(list, item) {
  const id = $("article", item).id;
  const next = [...list.children].find((child) => $("article", child)?.id > id);
  list.insertBefore(item, next ?? null);
  localise(item);
}

function show(change) {
  const content = fragment(change.html);
  const article = $("article", content);
  const old = document.getElementById(article.id);
  if (old) {
    if (old.dataset.say !== article.dataset.say) say(article.dataset.say);
    return replace(old, article);
  }
  if (change.channel !== channel) return change.root ? undefined : bump(change.channel);
  if ("past" in (messages?.dataset ?? {}) || !messages) return;
  const list = thread
    ? (change.root === thread ? messages : null)
    : change.root ? $(`.entry[data-root="${change.root}"] > .replies`) : messages;
  if (!list) return;
  const item = article.closest("li") ?? document.createElement("li");
  if (!item.contains(article)) item.append(article);
  $("#empty")?.remove();
  insert(list, item);
  say(article.dataset.say);
  read();
}

function bump(name) {
  const count = $(`[data-tab="${CSS.escape(name)}"] [data-count]`);
  if (count) Object.assign(count, { textContent: Number(count.textContent) + 1 }).parentElement.hidden = false;
}

// After a gap: the page as it is now, and from it what we do not have or have in another form.
async function catchUp() {
  const response = messages && await fetch(location.pathname + location.search).catch(() => null);
  if (!response?.ok) return;
  if (response.redirected) return location.reload();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const article of page.querySelectorAll("#messages article")) {
    const outer = article.closest("#messages > li");
    const entry = article.closest(".entry");
    show({
      html: (article.closest(".replies") ? article : outer).outerHTML,
      channel,
      root: thread && article.id !== thread ? thread : article.closest(".replies") ? entry.dataset.root : null,
    });
  }
}

function listen() {
  const source = new EventSource("/events");
  let lost = false;
  source.addEventListener("open", () => { live = true; if (lost) catchUp(); lost = false; });
  source.addEventListener("message", (event) => show(JSON.parse(event.data)));
  source.addEventListener("gap", catchUp);
  source.addEventListener("error", () => {
    live = false;
    lost = true;
    // A browser gives up on an answer that is no stream, such as one that wants us to sign in.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000 + Math.random() * 5000);
  });
}

// What is in view has been read.
let reading = 0;
function read() {
  clearTimeout(reading);
  const form = $("#read");
  if (!form || document.hidden || !messages) return;
  const last = messages.querySelector(":scope > li:last-child article");
  reading = setTimeout(() => {
    if (last) form.elements.upto.value = last.id;
    send(form).then((sent) => {
      const count = sent && $(`[data-tab][aria-current] .count`);
      if (count) { count.hidden = true; $("[data-count]", count).textContent = "0"; }
    });
  }, 800);
}
document.addEventListener("visibilitychange", read);

// Completion: the combobox pattern ---------------------------------------------------------------------------------
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

// Times --------------------------------------------------------------------------------------------------------------
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
function localise(within) {
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const seconds = Math.round((Date.now() - at) / 1000);
    const far = Math.abs(seconds);
    const span = far < 3570 ? `${Math.round(far / 60)} min` : `${Math.round(far / 3600)} h`;
    time.title = full.format(at);
    time.textContent = far < 45 ? (seconds < -5 ? "in a moment" : "just now")
      : far >= 86400 ? short.format(at) : seconds > 0 ? `${span} ago` : `in ${span}`;
  }
}
localise(document);
setInterval(() => localise(document), 30_000);

if (text) {
  Object.assign(text, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
  text.setAttribute("aria-controls", "completions");
  text.addEventListener("input", typed);
  text.addEventListener("keydown", keyInComposer);
  text.addEventListener("blur", () => offer([]));
  if (matchMedia("(hover: hover)").matches && !location.hash) text.focus({ preventScroll: true });
  typed();
}
$(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
if (messages) { listen(); read(); }
