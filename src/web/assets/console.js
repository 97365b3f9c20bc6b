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
async function send(form, body) {
  try {
    // Not `form.action`: a field of that name would be in its place.
    const response = await fetch(form.getAttribute("action"), { method: "POST", headers: { accept: "application/json" }, body });
    if (response.ok) return complain(""), true;
    const problem = await response.json().catch(() => null);
    complain(problem?.text ?? "That did not work. Reload the page and try again.");
  } catch {
    complain("The server cannot be reached. Nothing was sent; try again.");
  }
  return false;
}

// One after the other, so that messages arrive in the order they were written in.
let sending = Promise.resolve();
const queue = (form, body = new URLSearchParams(new FormData(form))) => (sending = sending.then(() => send(form, body)));

// The words leave the composer at once, so that one can write on. What did not arrive comes back as it was: sent again,
// it is the same message.
async function sendMessage() {
  const { text: said, once } = Object.fromEntries(new FormData(composer));
  const sent = queue(composer);
  composer.elements.once.value = word();
  text.value = "";
  typed();
  scroll.scrollTop = 0;
  if (await sent) return true;
  if (!text.value) composer.elements.once.value = once;
  text.value = text.value ? `${said}\n${text.value}` : said;
  typed();
}

async function sendPress(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const sent = await queue(form);
  delete form.dataset.busy;
  if (sent) form.closest("details")?.removeAttribute("open");
  return sent;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form !== composer && !form.matches("[data-send]")) return;
  event.preventDefault();
  const sent = form === composer ? sendMessage() : sendPress(form);
  if (await sent && !live) catchUp();
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

// What a message shows, beside how long ago that was and the words that keep its forms from counting twice.
function bare(article) {
  const copy = article.cloneNode(true);
  for (const one of copy.querySelectorAll("time, [name=once]")) one.remove();
  for (const one of copy.querySelectorAll("[open], [data-busy]")) one.removeAttribute(one.open ? "open" : "data-busy");
  return copy.outerHTML;
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
    if (bare(old) === bare(article)) return;
    if (old.dataset.say !== article.dataset.say) say(article.dataset.say);
    return replace(old, article);
  }
  if (typeof change.unread === "number") count(change.channel, change.unread);
  if (change.channel !== channel) return;
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

// How many messages of a channel are unread, on its tab.
function count(name, unread) {
  const shown = $(`[data-tab="${CSS.escape(name)}"] .count`);
  if (!shown) return;
  shown.hidden = !unread;
  $("[data-count]", shown).textContent = unread;
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
  // A thread shows but a part of its channel.
  const source = new EventSource(`/events?channel=${thread ? "" : encodeURIComponent(channel)}`);
  // Also the first time: something may have been said between the making of the page and now.
  let lost = true;
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
  reading = setTimeout(() => {
    const ids = Array.from(messages.querySelectorAll("article"), (article) => article.id);
    form.elements.upto.value = ids.sort().at(-1);
    queue(form).then((sent) => sent && count(channel, 0));
  }, 800);
}
document.addEventListener("visibilitychange", read);

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

$(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
if (messages) { listen(); read(); }
