// The list of messages: order, grouping, day lines, history on scroll, staying at the end, jumping,
// and walking through messages by keys. What a message looks like is message.js's to say.

import { el } from "../ui/dom.js";
import { dayName, olderFirst, sameDay } from "./format.js";
import { hasContextLine, isEphemeral, renderMessage } from "./message.js";
import { t } from "../i18n.js";

const PAGE = 50;
const GROUP_MS = 7 * 60_000;
const AT_END_PX = 60;
const NEAR_TOP_PX = 600;
const MOST_PAGES_FOR_JUMP = 20;

export class MessageList {
  #messages = new Map();
  #nodes = new Map();
  #atEnd = true;
  #lastTop = 0;
  #heights = "";
  #unread = 0;
  #loading = null;
  #complete = false;
  #focused = null;

  /** `scroller` scrolls, `list` holds the articles, `intro` stands above the first message, `jump` is the button to the end. */
  constructor({ scroller, list, intro, jump, chat }) {
    Object.assign(this, { scroller, list, intro, jump, chat });
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#rove(event.target.closest(".message")));
    jump.addEventListener("click", () => this.toEnd());
    // Pictures, banners and the composer change heights; a reader at the end stays at the end.
    const follow = new ResizeObserver(() => {
      this.#measure();
      if (this.#atEnd) this.toEnd();
    });
    follow.observe(list.parentElement);
    follow.observe(scroller);
  }

  get(id) {
    return this.#messages.get(id);
  }

  /** The newest message that `test` accepts, or undefined. */
  newest(test) {
    return this.#ordered().reverse().find(test);
  }

  /** Load the newest page and show it in place of whatever was there, keeping what only I can see. */
  async reload() {
    const page = await this.chat.rest.get(`/channels/${this.chat.store.channel.id}/messages?limit=${PAGE}`);
    const kept = this.#ordered().filter(isEphemeral);
    this.#quietly(() => {
      this.#messages.clear();
      this.#nodes.clear();
      this.list.replaceChildren();
      this.#complete = page.length < PAGE;
      this.intro.hidden = !this.#complete;
      for (const message of [...page.reverse(), ...kept]) this.put(message);
    });
    this.toEnd();
  }

  /** Show a new message, or draw a known one again. */
  put(message) {
    this.chat.store.learnFrom(message);
    const old = this.#nodes.get(message.id);
    this.#messages.set(message.id, message);
    const node = renderMessage(message, this.chat);
    this.#nodes.set(message.id, node);
    if (old) {
      const hadFocus = old === document.activeElement;
      node.className += ["continued", "new-day"].filter((name) => old.classList.contains(name)).map((name) => ` ${name}`).join("");
      old.replaceWith(node);
      if (hadFocus) node.focus({ preventScroll: true });
    } else {
      this.list.insertBefore(node, this.#nodeAfter(message.id));
    }
    this.#regroup(node);
    this.#regroup(node.nextElementSibling);
    // The person who comes into the list by Tab begins at the newest message.
    if (!this.list.contains(document.activeElement)) this.#rove(this.list.lastElementChild);
  }

  /** Show a message that has just been posted: follow it, or count it when the reader is elsewhere. */
  arrive(message) {
    // One's own message comes twice, as the answer to the request and as an event.
    if (this.#messages.has(message.id)) return;
    const follow = this.#atEnd || message.author.id === this.chat.store.me?.id;
    this.put(message);
    if (follow) this.toEnd();
    else this.#unread += 1;
    this.#showJump();
  }

  /** Change some fields of a known message; unknown ones are left alone. */
  update(id, fields) {
    const message = this.#messages.get(id);
    if (message) this.put({ ...message, ...fields });
  }

  /** Take a message away, and mark replies to it. */
  remove(id) {
    const node = this.#nodes.get(id);
    if (!node) return;
    const next = node.nextElementSibling;
    const neighbor = next ?? node.previousElementSibling;
    const hadFocus = node.contains(document.activeElement);
    node.remove();
    this.#nodes.delete(id);
    this.#messages.delete(id);
    if (next) this.#regroup(next);
    if (this.#focused === id) this.#rove(neighbor);
    if (hadFocus) neighbor?.focus({ preventScroll: true });
    for (const message of this.#ordered()) if (message.referenced_message?.id === id) this.update(message.id, { referenced_message: null });
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#atEnd = true;
    this.#unread = 0;
    this.#showJump();
  }

  /** Scroll to a message, loading older ones until it is found. False when it is nowhere. */
  async jumpTo(id) {
    for (let page = 0; !this.#nodes.has(id) && !this.#complete && page < MOST_PAGES_FOR_JUMP; page += 1) await this.loadOlder();
    const node = this.#nodes.get(id);
    if (!node) return false;
    this.#atEnd = false;
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
    return true;
  }

  /** Load the page before the oldest message; the view stays where it is. */
  loadOlder() {
    if (this.#complete || !this.#messages.size) return Promise.resolve();
    this.#loading ??= this.#fetchOlder().finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #fetchOlder() {
    const oldest = this.#ordered()[0].id;
    const page = await this.chat.rest.get(`/channels/${this.chat.store.channel.id}/messages?limit=${PAGE}&before=${oldest}`);
    this.#quietly(() => {
      const before = this.scroller.scrollHeight - this.scroller.scrollTop;
      this.#complete = page.length < PAGE;
      this.intro.hidden = !this.#complete;
      for (const message of page) if (!this.#messages.has(message.id)) this.put(message);
      this.scroller.scrollTop = this.scroller.scrollHeight - before;
    });
  }

  /** Change the list without a screen reader reading all of it aloud. */
  #quietly(change) {
    this.list.setAttribute("aria-live", "off");
    change();
    setTimeout(() => this.list.setAttribute("aria-live", "polite"), 200);
  }

  #ordered() {
    return [...this.#messages.values()].sort((a, b) => olderFirst(a.id, b.id));
  }

  #nodeAfter(id) {
    // New messages nearly always come last, so look from the end.
    let next = null;
    for (let node = this.list.lastElementChild; node && olderFirst(node.dataset.id, id) > 0; node = node.previousElementSibling) next = node;
    return next;
  }

  /** Decide whether a message continues the one above it or begins a new day. */
  #regroup(node) {
    const message = node && this.#messages.get(node.dataset.id);
    if (!message) return;
    const above = this.#messages.get(node.previousElementSibling?.dataset.id);
    const sent = new Date(message.timestamp);
    const newDay = !above || !sameDay(new Date(above.timestamp), sent);
    const continues = !newDay && !hasContextLine(message) && above.author.id === message.author.id
      && isEphemeral(above) === isEphemeral(message) && sent - new Date(above.timestamp) < GROUP_MS;
    node.classList.toggle("continued", continues);
    node.querySelector(":scope > .day-line")?.remove();
    if (newDay) node.prepend(el("div", { class: "day-line", role: "separator" }, el("span", {}, dayName(sent))));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // Content that grows also opens a distance to the end; only going up leaves it. Where heights
    // change, nobody goes up: when the tray closes, the list is pushed, and a picture may be late.
    const pushed = this.#measure();
    if (scrollHeight - scrollTop - clientHeight < AT_END_PX) this.#atEnd = true;
    else if (scrollTop < this.#lastTop && !pushed) this.#atEnd = false;
    this.#lastTop = scrollTop;
    if (this.#atEnd) this.#unread = 0;
    this.#showJump();
    if (scrollTop < NEAR_TOP_PX) this.loadOlder().catch((error) => this.chat.notify(error.message));
  }

  /** Whether the list or its window has another height than when last looked at. */
  #measure() {
    const before = this.#heights;
    this.#heights = `${this.scroller.scrollHeight} ${this.scroller.clientHeight}`;
    return before !== this.#heights;
  }

  #showJump() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const far = scrollHeight - scrollTop - clientHeight > clientHeight;
    this.jump.hidden = this.#atEnd || (!this.#unread && !far);
    this.jump.firstElementChild.textContent = !this.#unread ? t("Jump to present")
      : this.#unread === 1 ? t("1 new message") : t("{count} new messages", { count: this.#unread });
  }

  /** Exactly one message is a tab stop; arrows move it. */
  #rove(node) {
    if (!node?.dataset?.id) return;
    const before = this.#nodes.get(this.#focused);
    if (before) before.tabIndex = -1;
    node.tabIndex = 0;
    this.#focused = node.dataset.id;
  }

  #key(event) {
    const node = event.target;
    if (!node.classList?.contains("message") || event.ctrlKey || event.metaKey || event.altKey) return;
    const message = this.#messages.get(node.dataset.id);
    const go = { ArrowUp: node.previousElementSibling, ArrowDown: node.nextElementSibling, Home: this.list.firstElementChild, End: this.list.lastElementChild };
    if (event.key in go) go[event.key]?.focus();
    else if (event.key === "Enter" || event.key === " ") this.chat.menuBeside(message, node);
    else if (event.key === "r") this.chat.reply(message);
    else if (event.key === "e") this.chat.edit(message);
    else if (event.key === "Delete") this.chat.remove(message);
    else if (event.key === "Escape") this.chat.focusComposer();
    else return;
    event.preventDefault();
  }
}
