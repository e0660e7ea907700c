// The message box: writing, replying, editing, files by button, drop and paste, and handing the result to
// the outbox. Slash commands take its place while one is filled in (commandform.js).

import { CommandForm } from "./commandform.js";
import { el, iconButton } from "../ui/dom.js";
import { displayName, newNonce } from "../messages/format.js";
import { isEphemeral } from "../messages/message.js";
import { Picker } from "./picker.js";
import { Tray } from "./tray.js";
import { t } from "../i18n.js";

const LONGEST = 2000;
const TYPING_EVERY_MS = 8000;
const coarse = window.matchMedia("(pointer: coarse)");

export class Composer {
  #mode = { kind: "new" };
  #typedAt = 0;

  /** `parts`: the form's elements by name, as app.js finds them in the page. */
  constructor({ parts, chat, commands, outbox }) {
    Object.assign(this, { parts, chat, outbox });
    const { form, textarea, chooser } = parts;
    this.tray = new Tray({ node: parts.tray, onChange: () => this.#changed(), notify: chat.notify });
    this.picker = new Picker({ textarea, near: parts.box, chat, commands, onCommand: (entry) => this.openCommand(entry) });
    this.command = new CommandForm({ node: parts.command, chat, outbox, onClose: () => this.#leaveCommand() });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    textarea.addEventListener("input", () => this.#typed());
    textarea.addEventListener("keydown", (event) => this.#key(event));
    parts.attach.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      this.addFiles([...chooser.files]);
      chooser.value = "";
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    this.#changed();
  }

  focus() {
    if (!this.command.isOpen) this.parts.textarea.focus();
  }

  /** Add files to the message, or to the command being filled in. */
  addFiles(files) {
    if (!files.length) return;
    if (this.command.isOpen) this.command.accept(files);
    else {
      this.tray.add(files);
      this.focus();
    }
  }

  reply(message) {
    if (isEphemeral(message)) return;
    if (this.#mode.kind === "edit") this.cancel();
    this.command.close();
    this.#setMode({ kind: "reply", message, ping: true });
  }

  edit(message) {
    if (message.author.id !== this.chat.store.me.id || isEphemeral(message)) return;
    this.command.close();
    this.parts.textarea.value = this.picker.decode(message.content);
    this.tray.showExisting(message.attachments ?? []);
    this.#setMode({ kind: "edit", message });
    this.#changed();
  }

  /** Leave reply or edit. */
  cancel() {
    if (this.#mode.kind === "edit") this.#empty();
    this.#setMode({ kind: "new" });
  }

  openCommand(entry) {
    const { files } = this.tray.take();
    if (this.#mode.kind !== "new") this.cancel();
    this.parts.box.classList.add("commanding");
    // A command without options gives the focus to this button at once; it can't take it while off.
    this.parts.send.disabled = false;
    this.command.open(entry, files.map(({ file }) => file));
    this.#changed();
  }

  /** Put text into the box, as if typed. */
  suggest(text) {
    this.command.close();
    this.parts.textarea.value = text;
    this.focus();
    this.parts.textarea.dispatchEvent(new Event("input"));
  }

  submit() {
    if (this.command.isOpen) {
      this.command.submit();
      return;
    }
    const content = this.picker.encode(this.parts.textarea.value.trim());
    if (content.length > LONGEST || (!content && this.tray.isEmpty && this.#mode.kind !== "edit")) return;
    if (this.#mode.kind === "edit") this.#saveEdit(content);
    else this.#post(content);
  }

  #post(content) {
    const { attachments, files, previews } = this.tray.take();
    const nonce = newNonce();
    const payload = { content, nonce, attachments, ...this.#reference() };
    const path = `/channels/${this.chat.store.channel.id}/messages`;
    const work = async (progress) => this.chat.arrived(await this.chat.rest.upload("POST", path, payload, files, progress));
    this.#empty();
    this.#setMode({ kind: "new" });
    this.outbox.add({ nonce, content, previews, queued: true, work });
  }

  #reference() {
    if (this.#mode.kind !== "reply") return {};
    const { message, ping } = this.#mode;
    return {
      message_reference: { message_id: message.id, channel_id: message.channel_id },
      ...(ping ? {} : { allowed_mentions: { parse: ["users", "roles", "everyone"], replied_user: false } }),
    };
  }

  async #saveEdit(content) {
    const { message } = this.#mode;
    if (!content && this.tray.isEmpty) {
      this.cancel();
      this.chat.remove(message);
      return;
    }
    const { attachments, files, previews } = this.tray.take();
    const path = `/channels/${message.channel_id}/messages/${message.id}`;
    this.#empty();
    this.#setMode({ kind: "new" });
    const unchanged = content === message.content && !files.length && attachments.length === (message.attachments ?? []).length;
    if (unchanged) return;
    const save = async (progress) => this.chat.changed(await this.chat.rest.upload("PATCH", path, { content, attachments }, files, progress));
    try {
      await save();
    } catch {
      // Trying once more in the outbox shows the reason and keeps what was written.
      this.outbox.add({ content, previews, work: save });
    }
  }

  #empty() {
    this.parts.textarea.value = "";
    this.tray.clear();
    this.picker.forget();
    this.picker.close();
    this.#changed();
  }

  #setMode(mode) {
    this.#mode = mode;
    const { bar } = this.parts;
    bar.hidden = mode.kind === "new";
    if (mode.kind === "reply") bar.replaceChildren(el("span", { class: "bar-words" }, t("Replying to"), " ", el("strong", {}, displayName(mode.message.author, mode.message.member))), this.#pingToggle(), iconButton("close", t("Cancel the reply"), () => this.cancel()));
    if (mode.kind === "edit") bar.replaceChildren(el("span", { class: "bar-words" }, t("Editing your message")), el("span", { class: "bar-hint" }, t("Esc to cancel, Enter to save")), iconButton("close", t("Cancel editing"), () => this.cancel()));
    this.#changed();
    this.focus();
  }

  /** Whether the person replied to is mentioned. */
  #pingToggle() {
    const words = () => `@ ${this.#mode.ping ? "on" : "off"}`;
    const toggle = el("button", { type: "button", class: "ping-toggle", "aria-pressed": "true", title: t("Mention the person you reply to"), onclick: () => {
      this.#mode.ping = !this.#mode.ping;
      toggle.textContent = words();
      toggle.setAttribute("aria-pressed", String(this.#mode.ping));
    } }, words());
    return toggle;
  }

  #leaveCommand() {
    this.parts.box.classList.remove("commanding");
    this.#changed();
    this.focus();
  }

  #typed() {
    this.#changed();
    const { value } = this.parts.textarea;
    if (!value || value.startsWith("/") || this.#mode.kind === "edit" || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    // Nobody misses a typing signal that did not get through.
    this.chat.rest.request("POST", `/channels/${this.chat.store.channel.id}/typing`).catch(() => {});
  }

  /** Fit the box's height to its text, count down the last characters, and switch the send button. */
  #changed() {
    const { textarea, counter, send } = this.parts;
    textarea.style.height = "auto";
    textarea.style.height = `${textarea.scrollHeight}px`;
    const left = LONGEST - textarea.value.length;
    counter.textContent = left < 200 ? String(left) : "";
    counter.classList.toggle("over", left < 0);
    const nothing = !textarea.value.trim() && this.tray.isEmpty && this.#mode.kind !== "edit";
    send.disabled = !this.command?.isOpen && (nothing || left < 0);
  }

  #key(event) {
    if (this.picker.key(event) || event.isComposing) return;
    const { textarea } = this.parts;
    if (event.key === "Enter" && !event.shiftKey && !coarse.matches) this.submit();
    else if (event.key === "Escape" && this.#mode.kind !== "new") this.cancel();
    else if (event.key === "ArrowUp" && !textarea.value && this.tray.isEmpty && this.#mode.kind === "new") this.chat.editLast();
    else return;
    event.preventDefault();
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.target.closest?.("dialog")) return;
    event.preventDefault();
    this.addFiles(files);
  }
}
