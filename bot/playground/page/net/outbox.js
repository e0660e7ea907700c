// Shows what is on its way: a message being sent, a command being run. It goes when the real thing is
// here; when it fails it stays, with the reason, and can be tried again or thrown away.

import { avatar, tint } from "../ui/avatar.js";
import { el, icon } from "../ui/dom.js";
import { displayName } from "../messages/format.js";
import { markdown } from "../messages/markdown.js";
import { namesFor } from "../messages/message.js";
import { t } from "../i18n.js";

export class Outbox {
  #byNonce = new Map();
  #last = Promise.resolve();

  constructor({ node, chat }) {
    Object.assign(this, { node, chat });
  }

  /**
   * Show an entry and do its `work(onProgress)`. `queued` work waits for the entries before it, so that
   * messages keep their order. `command` stands in place of text for commands.
   */
  add({ nonce = null, content = "", command = null, previews = [], queued = false, work }) {
    const bar = el("progress", { max: 1, value: 0, hidden: true, "aria-label": t("Upload") });
    const state = el("div", { class: "pending-state", role: "status" });
    const entry = this.#draw({ content, command, previews, bar, state });
    this.node.append(entry);
    this.chat.toEnd();
    if (nonce) this.#byNonce.set(nonce, entry);
    const finish = () => {
      entry.remove();
      this.#byNonce.delete(nonce);
      for (const { own, preview } of previews) if (own && preview) URL.revokeObjectURL(preview);
    };
    const attempt = async () => {
      entry.classList.remove("failed");
      state.replaceChildren();
      const progress = (share) => {
        bar.hidden = false;
        bar.value = share;
      };
      try {
        await work(progress);
        finish();
      } catch (error) {
        bar.hidden = true;
        entry.classList.add("failed");
        state.replaceChildren(icon("warning"), el("span", {}, error.message),
          el("button", { type: "button", class: "text-button", onclick: start }, t("Try again")),
          el("button", { type: "button", class: "text-button", onclick: finish }, t("Discard")));
        this.chat.toEnd();
      }
    };
    const start = () => {
      if (!queued) return attempt();
      this.#last = this.#last.then(attempt);
      return this.#last;
    };
    start();
  }

  /** The message with this nonce has arrived: its entry makes way. */
  confirm(nonce) {
    const entry = this.#byNonce.get(String(nonce));
    if (entry) entry.hidden = true;
  }

  #draw({ content, command, previews, bar, state }) {
    const { me } = this.chat.store;
    const body = command
      ? el("p", { class: "pending-command" }, command)
      : content && markdown(content, namesFor({}, this.chat.store));
    return el("article", { class: "message pending", "aria-label": command ? t("Sending command") : t("Sending message") },
      el("div", { class: "message-side" }, avatar(me, 40)),
      el("div", { class: "message-main" },
        el("div", { class: "message-head" }, tint(el("span", { class: "author" }, displayName(me)), me), el("span", { class: "sent" }, command ? t("Sending the command…") : t("Sending…"))),
        body || null,
        previews.length ? el("div", { class: "pending-files" }, previews.map(({ name, preview }) => preview ? el("img", { src: preview, alt: name }) : el("span", { class: "file-chip" }, icon("file"), name))) : null,
        bar, state));
  }
}
