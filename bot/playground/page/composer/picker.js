// Suggestions while one types in the message box: "/" offers the applications' commands, "@" people.

import { avatar } from "../ui/avatar.js";
import { displayName } from "../messages/format.js";
import { Listbox } from "../ui/listbox.js";
import { t } from "../i18n.js";

const MENTION = /(?:^|\s)@([^\s@]{0,32})$/;
const COMMAND = /^\/([^\n]{0,64})$/;

export class Picker {
  #list;
  #mentions = new Map();
  #shown = null;

  /** `onCommand(entry)` is called when a command is picked. */
  constructor({ textarea, near, chat, commands, onCommand }) {
    Object.assign(this, { textarea, chat, commands, onCommand });
    this.#list = new Listbox({ anchor: textarea, near, label: t("Suggestions"), onPick: (item) => this.#pick(item) });
    textarea.addEventListener("input", () => this.refresh());
    textarea.addEventListener("blur", () => this.#list.close());
  }

  /** Take a key press of the message box; true when used up. */
  key(event) {
    if (this.#list.isOpen && event.key === " ") return this.#pickExact(event);
    return this.#list.key(event);
  }

  close() {
    this.#list.close();
  }

  /** Show, narrow or hide the suggestions for what stands before the caret. */
  async refresh() {
    const typed = this.textarea.value.slice(0, this.textarea.selectionStart);
    const command = COMMAND.exec(this.textarea.value);
    const mention = MENTION.exec(typed);
    if (command) await this.#showCommands(command[1]);
    else if (mention) this.#showPeople(mention[1].toLowerCase());
    else this.#list.close();
  }

  async #showCommands(typed) {
    let trouble = null;
    // What is known already is shown at once; the fresh list follows in a moment.
    if (this.commands.entries.length) this.#drawCommands(typed, null);
    try {
      await this.commands.load(this.chat.store.channel.id);
    } catch (error) {
      trouble = error.message;
    }
    // The text may have changed while the list was loading.
    if (COMMAND.exec(this.textarea.value)?.[1] === typed) this.#drawCommands(typed, trouble);
  }

  #drawCommands(typed, trouble) {
    const entries = this.commands.find(typed);
    const items = entries.map((entry) => ({ label: `/${entry.label}`, detail: entry.description, group: entry.application, value: entry, kind: "command" }));
    if (!items.length && typed.includes(" ")) this.#list.close();
    else this.#list.show(items, { note: trouble ?? (items.length ? null : t("No commands found.")), keep: this.#list.isOpen && this.#shown === typed });
    this.#shown = typed;
  }

  #showPeople(typed) {
    const people = [...this.chat.store.people.values()].filter(({ user, member }) =>
      [displayName(user, member), user.username].some((name) => name?.toLowerCase().includes(typed)));
    const items = people.slice(0, 10).map(({ user, member }) => ({
      label: displayName(user, member), detail: user.bot ? t("Bot") : `@${user.username}`, lead: avatar(user, 24, "avatar-small"), value: user.id, kind: "person",
    }));
    if (items.length) this.#list.show(items);
    else this.#list.close();
  }

  /** A space after a command's whole name picks it, as if Enter had been pressed. */
  #pickExact(event) {
    const item = this.#list.active;
    if (item?.kind !== "command" || ![item.label, `/${item.value.name}`].includes(this.textarea.value.trimEnd())) return false;
    event.preventDefault();
    this.#pick(item);
    return true;
  }

  #pick(item) {
    this.#list.close();
    if (item.kind === "command") {
      this.textarea.value = "";
      this.textarea.dispatchEvent(new Event("input"));
      this.onCommand(item.value);
      return;
    }
    const caret = this.textarea.selectionStart;
    const from = this.textarea.value.slice(0, caret).lastIndexOf("@");
    this.#mentions.set(item.label, item.value);
    this.textarea.setRangeText(`@${item.label} `, from, caret, "end");
    this.textarea.dispatchEvent(new Event("input"));
  }

  /** The text with picked names turned into Discord's mentions. */
  encode(text) {
    const names = [...this.#mentions].sort(([a], [b]) => b.length - a.length);
    return names.reduce((whole, [name, id]) => whole.replaceAll(`@${name}`, `<@${id}>`), text);
  }

  /** The reverse, for editing. */
  decode(text) {
    return text.replace(/<@!?(\d+)>/g, (whole, id) => {
      const name = this.chat.store.nameOf(id);
      if (!name) return whole;
      this.#mentions.set(name, id);
      return `@${name}`;
    });
  }

  forget() {
    this.#mentions.clear();
  }
}
