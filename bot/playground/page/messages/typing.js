// The line that says who is typing. A signal lasts ten seconds or until that person's message.

import { el } from "../ui/dom.js";
import { t } from "../i18n.js";

const LASTS_MS = 10_000;

export class Typing {
  #timers = new Map();

  constructor({ node, store }) {
    Object.assign(this, { node, store });
  }

  started(userId) {
    if (userId === this.store.me?.id) return;
    clearTimeout(this.#timers.get(userId));
    this.#timers.set(userId, setTimeout(() => this.stopped(userId), LASTS_MS));
    this.#draw();
  }

  stopped(userId) {
    if (!this.#timers.has(userId)) return;
    clearTimeout(this.#timers.get(userId));
    this.#timers.delete(userId);
    this.#draw();
  }

  #draw() {
    const names = [...this.#timers.keys()].map((id) => this.store.nameOf(id) ?? t("Someone"));
    if (!names.length) this.node.replaceChildren();
    else {
      const said = names.length > 3 ? t("Several people are typing…") : names.length === 1 ? t("{name} is typing…", { name: names[0] }) : t("{names} and {name} are typing…", { names: names.slice(0, -1).join(", "), name: names.at(-1) });
      this.node.replaceChildren(el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), said);
    }
  }
}
