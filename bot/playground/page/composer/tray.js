// The files about to be sent: previews with remove, spoiler and description; when a message is edited,
// also the files it already has. Makes the attachment part of the payload.

import { isSpoiler } from "./attachments.js";
import { describePicture } from "../ui/dialogs.js";
import { el, firstOwnAddress, icon, iconButton } from "../ui/dom.js";
import { fileSize } from "../messages/format.js";
import { t } from "../i18n.js";

const MOST_FILES = 10;

export class Tray {
  #items = [];

  /** `onChange` is called after every change; `notify` shows a sentence. */
  constructor({ node, onChange, notify }) {
    Object.assign(this, { node, onChange, notify });
  }

  get isEmpty() {
    return !this.#items.length;
  }

  /** Add files a person chose, dropped or pasted. */
  add(files) {
    const room = MOST_FILES - this.#items.length;
    if (files.length > room) this.notify(t("Up to {most} files per message. Skipped {count}.", { most: MOST_FILES, count: files.length - room }));
    for (const file of [...files].slice(0, Math.max(0, room))) {
      const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
      this.#items.push({ file, name: file.name || "file", preview, spoiler: false, description: "" });
    }
    this.#draw();
  }

  /** Show the files that a message under edit already has. */
  showExisting(attachments) {
    this.clear();
    this.#items = attachments.map((attachment) => ({
      attachment, name: attachment.filename, description: attachment.description ?? "", spoiler: isSpoiler(attachment),
      preview: attachment.width ? firstOwnAddress(attachment.url) : null,
    }));
    this.#draw();
  }

  /** Take everything out: the payload's `attachments`, the files for the request, and what to show meanwhile. */
  take() {
    const fresh = this.#items.filter((item) => item.file);
    const attachments = [
      ...this.#items.filter((item) => item.attachment).map((item) => ({ id: item.attachment.id })),
      ...fresh.map((item, index) => ({ id: String(index), filename: sentName(item), ...(item.description ? { description: item.description } : {}) })),
    ];
    const files = fresh.map((item) => ({ file: item.file, name: sentName(item) }));
    // The previews now belong to anyone who took them.
    const previews = this.#items.map((item) => ({ name: item.name, preview: item.preview, own: Boolean(item.file) }));
    this.#items = [];
    this.#draw();
    return { attachments, files, previews };
  }

  clear() {
    for (const item of this.#items) release(item);
    this.#items = [];
    this.#draw();
  }

  #remove(item) {
    release(item);
    const at = this.#items.indexOf(item);
    this.#items.splice(at, 1);
    this.#draw();
    const cards = this.node.querySelectorAll(".tray-card");
    cards[Math.min(at, cards.length - 1)]?.querySelector("button:last-of-type")?.focus();
  }

  #draw() {
    this.node.replaceChildren(...this.#items.map((item) => this.#card(item)));
    this.node.hidden = this.isEmpty;
    this.onChange();
  }

  #card(item) {
    const tools = el("div", { class: "tray-tools" },
      item.attachment ? null : iconButton("eye", item.spoiler ? t("Remove spoiler") : t("Mark as spoiler"), () => {
        item.spoiler = !item.spoiler;
        this.#redraw(item, "eye");
      }, { class: "icon-button", "aria-pressed": String(item.spoiler) }),
      item.attachment || !item.preview ? null : iconButton("edit", t("Describe (alt text)"), async () => {
        const words = await describePicture(item);
        if (words !== null) item.description = words;
        this.#redraw(item, "edit");
      }),
      iconButton("trash", t("Remove {name}", { name: item.name }), () => this.#remove(item), { class: "icon-button danger" }));
    return el("li", { class: item.spoiler ? "tray-card is-spoiler" : "tray-card" },
      el("div", { class: "tray-picture" }, item.preview ? el("img", { src: item.preview, alt: item.description || "", onerror: (event) => event.target.replaceWith(icon("file")) }) : icon("file"),
        item.spoiler ? el("span", { class: "tray-mark" }, t("Spoiler")) : null,
        item.description ? el("span", { class: "tray-mark tray-alt", title: item.description }, "ALT") : null),
      tools,
      el("div", { class: "tray-name", title: item.name }, item.name),
      el("div", { class: "tray-size" }, fileSize(item.file?.size ?? item.attachment?.size ?? 0)));
  }

  /** Draw again and give the focus back to the same button. */
  #redraw(item, tool) {
    const at = this.#items.indexOf(item);
    this.#draw();
    this.node.children[at]?.querySelector(`.icon-${tool}`)?.parentElement.focus();
  }
}

const sentName = (item) => (item.spoiler ? `SPOILER_${item.name}` : item.name);

function release(item) {
  if (item.file && item.preview) URL.revokeObjectURL(item.preview);
}
