// Tells how things stand: the connection line, short notices, the full-page problem, and unread
// messages in the window's title.

import { el, icon } from "./dom.js";
import { t } from "../i18n.js";

const NOTICE_MS = 6000;
const DOUBT_MS = 5000;

let doubt;

/** Show a notice for a few seconds. */
export function notify(text) {
  const host = document.getElementById("notices");
  const notice = el("div", { class: "notice" }, text);
  host.append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}

/** Show or hide the line above the messages that the connection is lost. */
export function showConnection(node, state) {
  clearTimeout(doubt);
  node.hidden = state === "ready";
  node.textContent = state === "connecting" ? t("Connecting…") : t("Reconnecting…");
  if (state === "reconnecting") doubt = setTimeout(() => { node.textContent = t("Reconnecting… Is “bobby playground” still running?"); }, DOUBT_MS);
}

/** Replace the page by one problem and what to do about it. */
export function showProblem(title, advice) {
  document.getElementById("app").inert = true;
  document.getElementById("app").hidden = true;
  const host = document.getElementById("problem");
  host.replaceChildren(icon("warning"), el("h1", {}, title), el("p", {}, advice));
  host.hidden = false;
}

/** Counts messages that come while the window is out of sight. */
export class TitleCount {
  #plain = document.title;
  #unread = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => !document.hidden && this.#set(0));
  }

  setTitle(title) {
    this.#plain = title;
    this.#set(this.#unread);
  }

  arrived() {
    if (document.hidden) this.#set(this.#unread + 1);
  }

  #set(unread) {
    this.#unread = unread;
    document.title = unread ? `(${unread}) ${this.#plain}` : this.#plain;
  }
}
