// A floating list of choices under or over an anchor: the "/" and "@" pickers, option values, select menus.
// The focus stays in the anchor (aria-activedescendant points at the chosen line); the anchor's owner
// hands its key presses to `key()`.

import { el } from "./dom.js";

let serial = 0;

export class Listbox {
  #anchor;
  #onPick;
  #node;
  #items = [];
  #active = 0;

  /** `anchor` is the focused element; `near` the one to stand beside; `onPick(item)` is called on a choice. */
  constructor({ anchor, near = anchor, label, onPick, multiple = false }) {
    this.#anchor = anchor;
    this.near = near;
    this.#onPick = onPick;
    this.#node = el("div", { class: "listbox", role: "listbox", id: `listbox-${(serial += 1)}`, "aria-label": label });
    if (multiple) this.#node.setAttribute("aria-multiselectable", "true");
    // A press on the list must not take the focus from the anchor.
    this.#node.addEventListener("pointerdown", (event) => event.preventDefault());
    this.onOutside = (event) => {
      if (!this.#node.contains(event.target) && !this.near.contains(event.target)) this.close();
    };
    this.onResize = () => this.#place();
  }

  get isOpen() {
    return this.#node.isConnected;
  }

  get active() {
    return this.isOpen ? this.#items[this.#active] ?? null : null;
  }

  contains(node) {
    return this.#node.contains(node);
  }

  /**
   * Show `items`: { label, detail?, lead?, selected?, group?, value }. With none, `note` is shown alone.
   * `keep` leaves the marked line where it is.
   */
  show(items, { note = null, keep = false } = {}) {
    this.#items = items;
    if (!keep) this.#active = Math.max(0, items.findIndex((item) => item.selected));
    this.#active = Math.min(this.#active, Math.max(0, items.length - 1));
    let group = null;
    const lines = items.flatMap((item, index) => {
      const caption = item.group && item.group !== group ? [el("div", { class: "listbox-group", role: "presentation" }, item.group)] : [];
      group = item.group;
      return [...caption, this.#line(item, index)];
    });
    this.#node.replaceChildren(...lines);
    if (note) this.#node.append(el("div", { class: "listbox-note", role: "status" }, note));
    if (!this.isOpen) {
      // Outside an open dialog it would lie behind it.
      (this.#anchor.closest("dialog") ?? document.body).append(this.#node);
      document.addEventListener("pointerdown", this.onOutside, true);
      window.addEventListener("resize", this.onResize);
      this.#anchor.setAttribute("aria-controls", this.#node.id);
      this.#anchor.setAttribute("aria-expanded", "true");
    }
    this.#place();
    this.#mark();
  }

  close() {
    if (!this.isOpen) return;
    this.#node.remove();
    document.removeEventListener("pointerdown", this.onOutside, true);
    window.removeEventListener("resize", this.onResize);
    this.#anchor.setAttribute("aria-expanded", "false");
    this.#anchor.removeAttribute("aria-activedescendant");
    this.onClose?.();
  }

  /** Take a key press. True when the list used it up. */
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.close();
    else if (step && this.#items.length) {
      this.#active = (this.#active + step + this.#items.length) % this.#items.length;
      this.#mark();
    } else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && this.#items.length) this.#onPick(this.#items[this.#active]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #line(item, index) {
    return el("div", {
      class: "listbox-line", role: "option", id: `${this.#node.id}-${index}`,
      "aria-selected": String(Boolean(item.selected)),
      onclick: () => this.#onPick(item),
      onpointermove: () => {
        if (this.#active === index) return;
        this.#active = index;
        this.#mark(false);
      },
    },
    item.lead ?? null,
    el("span", { class: "listbox-words" },
      el("span", { class: "listbox-label" }, item.label),
      item.detail ? el("span", { class: "listbox-detail" }, item.detail) : null));
  }

  #mark(scroll = true) {
    for (const line of this.#node.querySelectorAll(".active")) line.classList.remove("active");
    const line = this.#node.querySelector(`#${this.#node.id}-${this.#active}`);
    if (!line) {
      this.#anchor.removeAttribute("aria-activedescendant");
      return;
    }
    line.classList.add("active");
    this.#anchor.setAttribute("aria-activedescendant", line.id);
    if (scroll) line.scrollIntoView({ block: "nearest" });
  }

  /** Above the anchor when there is more room there, else below; never past the window's edge. */
  #place() {
    const box = this.near.getBoundingClientRect();
    const room = Math.max(box.top, window.innerHeight - box.bottom) - 16;
    const above = box.top > window.innerHeight - box.bottom;
    const style = this.#node.style;
    style.maxHeight = `${Math.min(380, room)}px`;
    style.minWidth = `${Math.min(box.width, 320)}px`;
    style.width = box.width > 480 ? `${box.width}px` : "max-content";
    style.top = above ? "auto" : `${box.bottom + 6}px`;
    style.bottom = above ? `${window.innerHeight - box.top + 6}px` : "auto";
    const width = this.#node.getBoundingClientRect().width;
    style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`;
  }
}
