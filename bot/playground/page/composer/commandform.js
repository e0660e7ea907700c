// The composer's other face: a picked slash command with its options as chips, checks, and sending.

import { nest } from "./commands.js";
import { el, icon, iconButton } from "../ui/dom.js";
import { optionField } from "./optionfields.js";
import { t } from "../i18n.js";

const ATTACHMENT = 11;

export class CommandForm {
  #entry = null;
  #fields = new Map();

  /** `node` is an empty element of the composer; `onClose` is called when the command is sent or left. */
  constructor({ node, chat, outbox, onClose }) {
    Object.assign(this, { node, chat, outbox, onClose });
    node.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return this.#entry !== null;
  }

  /** Show `entry` with its needed options and, for one-press use, the first optional file. */
  open(entry, files = []) {
    this.close(false);
    this.#entry = entry;
    this.chips = el("div", { class: "option-chips" });
    this.more = el("div", { class: "option-more" });
    this.hint = el("div", { class: "option-hint" }, entry.description);
    this.trouble = el("div", { class: "option-trouble", role: "alert" });
    this.node.replaceChildren(
      el("div", { class: "command-line" }, el("span", { class: "command-name" }, `/${entry.label}`), this.chips, this.more),
      iconButton("close", t("Close command"), () => this.close()),
      this.hint, this.trouble);
    this.node.hidden = false;
    const firstFile = entry.options.find((option) => option.type === ATTACHMENT);
    for (const option of entry.options) if (option.required || option === firstFile) this.#addField(option);
    this.#drawMore();
    this.accept(files);
    const [first] = this.#fields.values();
    if (first && !files.length) first.focus();
    else this.#focusNext();
  }

  close(tell = true) {
    if (!this.isOpen) return;
    for (const field of this.#fields.values()) field.release?.();
    this.#entry = null;
    this.#fields.clear();
    this.node.hidden = true;
    this.node.replaceChildren();
    if (tell) this.onClose();
  }

  /** Give dropped or pasted files to the options that take one. */
  accept(files) {
    const waiting = [...files];
    for (const option of this.#entry.options.filter((one) => one.type === ATTACHMENT)) {
      if (!waiting.length) return;
      const field = this.#fields.get(option.name) ?? this.#addField(option);
      if (field.isEmpty() || waiting.length === files.length) field.accept(waiting.shift());
    }
    this.#drawMore();
    if (waiting.length) this.#say(t("/{name} can't take more files. Skipped {count}.", { name: this.#entry.label, count: waiting.length }));
  }

  /** Check every option, then send the command. */
  submit() {
    let collected;
    try {
      collected = this.#collect();
    } catch (error) {
      this.#say(error.message);
      error.field?.focus();
      return;
    }
    const { options, files, words } = collected;
    const { command, path, label } = this.#entry;
    const data = { options: nest(path, options), attachments: files.map(({ name: filename }, index) => ({ id: String(index), filename })) };
    const { interactions } = this.chat;
    this.close();
    this.outbox.add({ command: [`/${label}`, ...words].join(" "), work: (progress) => interactions.command(command, data, files, progress) });
  }

  #collect() {
    const options = [];
    const files = [];
    const words = [];
    for (const [name, field] of this.#fields) {
      const { type, required, label, description } = field.option;
      const read = this.#readField(field);
      if (read === undefined) {
        if (required) throw Object.assign(new Error(t("{name} is required: {about}", { name: label, about: description })), { field });
        continue;
      }
      if (read.file) {
        options.push({ type, name, value: String(files.length) });
        files.push({ file: read.file, name: read.file.name });
        words.push(`${label}: ${read.file.name}`);
      } else {
        options.push({ type, name, value: read.value });
        words.push(`${label}: ${read.value}`);
      }
    }
    return { options, files, words };
  }

  #readField(field) {
    try {
      return field.read();
    } catch (error) {
      throw Object.assign(error, { field });
    }
  }

  /** Ask the application for choices: what is filled in so far, with the asked option focused. */
  #complete(option, typed) {
    const { command, path } = this.#entry;
    const filled = [];
    for (const [name, field] of this.#fields) {
      if (name === option.name || field.option.type === ATTACHMENT) continue;
      try {
        const read = field.read();
        if (read) filled.push({ type: field.option.type, name, value: read.value });
      } catch {
        // A half-typed neighbor is no reason to show no choices.
      }
    }
    const asked = { type: option.type, name: option.name, value: typed, focused: true };
    return this.chat.interactions.autocomplete(command, nest(path, [...filled, asked]));
  }

  #addField(option) {
    const context = {
      store: this.chat.store,
      complete: (one, typed) => this.#complete(one, typed),
      onPick: () => this.#focusNext(),
    };
    const field = { ...optionField(option, context), option };
    this.#fields.set(option.name, field);
    const drop = option.required ? null : iconButton("close", t("Remove {name}", { name: option.label }), () => this.#dropField(option));
    field.chip = el("div", { class: "option-chip", role: "group", "aria-label": option.label }, el("span", { class: "option-name" }, option.label), field.node, drop);
    field.chip.addEventListener("focusin", () => { this.hint.replaceChildren(el("strong", {}, option.label), ` ${option.description}`); });
    this.chips.append(field.chip);
    return field;
  }

  #dropField(option) {
    const field = this.#fields.get(option.name);
    field.release?.();
    field.chip.remove();
    this.#fields.delete(option.name);
    this.#drawMore();
    this.#focusNext();
  }

  #drawMore() {
    const rest = this.#entry.options.filter((option) => !this.#fields.has(option.name));
    this.more.replaceChildren(...rest.map((option) => el("button", {
      type: "button", class: "option-add", title: option.description, "aria-label": t("Add the option {name}: {about}", { name: option.label, about: option.description }),
      onclick: () => {
        const field = this.#addField(option);
        this.#drawMore();
        field.focus();
      },
    }, icon("attach"), option.label)));
  }

  /** Go to the first needed option that is empty, else to the button that sends. */
  #focusNext() {
    this.#say("");
    const empty = [...this.#fields.values()].find((field) => {
      try {
        return field.option.required && field.read() === undefined;
      } catch {
        return true;
      }
    });
    if (empty) empty.focus();
    else this.chat.focusSend();
  }

  #say(sentence) {
    this.trouble.replaceChildren(...(sentence ? [icon("warning"), sentence] : []));
  }

  #key(event) {
    const field = [...this.#fields.values()].find((one) => one.node === event.target);
    if (field?.key(event)) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && field && event.target.tagName === "INPUT" && !event.isComposing) this.submit();
    else if (event.key === "Backspace" && field && !field.option.required && event.target.value === "") this.#dropField(field.option);
    else return;
    event.preventDefault();
  }
}
