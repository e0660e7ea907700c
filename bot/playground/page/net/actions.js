// What can be done with a message besides reading it: its menu, deleting, copying, reactions, and the
// applications' message commands.

import { confirmDelete } from "../ui/dialogs.js";
import { openMenu } from "../ui/menu.js";
import { gist, isEphemeral, isLoading } from "../messages/message.js";
import { QUICK_REACTIONS, sendReaction } from "../messages/reactions.js";
import { displayName } from "../messages/format.js";
import { t } from "../i18n.js";

export class Actions {
  constructor({ chat, commands, outbox }) {
    Object.assign(this, { chat, commands, outbox });
  }

  /** Open a message's menu at a point of the window. */
  async menu(message, x, y) {
    if (isLoading(message)) return;
    try {
      await this.commands.load(this.chat.store.channel.id);
    } catch {
      // Without the applications' part the menu is still of use.
    }
    openMenu({ x, y, label: t("Actions for the message of {name}", { name: displayName(message.author) }), items: this.#items(message) });
  }

  #items(message) {
    const { chat } = this;
    if (isEphemeral(message)) {
      return [this.#copy(message), { label: t("Dismiss message"), icon: "close", run: () => chat.dismiss(message) }].filter(Boolean);
    }
    const mine = message.author.id === chat.store.me.id;
    const apps = this.commands.forMessages.map(({ command, application }) => ({
      label: command.label, hint: application, icon: "slash", run: () => this.#run(command, message),
    }));
    return [
      { label: t("Add a reaction"), row: QUICK_REACTIONS.map((name) => ({ label: t("React with {name}", { name }), text: name, run: () => this.react(message, { id: null, name }, true) })) },
      { label: t("Reply"), hint: "R", icon: "reply", run: () => chat.reply(message) },
      mine ? { label: t("Edit"), hint: "E", icon: "edit", run: () => chat.edit(message) } : undefined,
      this.#copy(message) ?? undefined,
      ...(apps.length ? [null, { heading: t("Apps") }, ...apps] : []),
      ...(mine ? [null, { label: t("Delete"), icon: "trash", danger: true, run: () => this.remove(message) }] : []),
    ].filter((item) => item !== undefined);
  }

  #copy(message) {
    if (!message.content) return null;
    return { label: t("Copy text"), icon: "copy", run: () => navigator.clipboard.writeText(message.content).catch(() => this.chat.notify(t("Your browser blocked copying."))) };
  }

  #run(command, message) {
    const { interactions } = this.chat;
    this.outbox.add({ command: `${command.label} → ${displayName(message.author)}: ${gist(message).slice(0, 60)}`, work: () => interactions.command(command, { target_id: message.id }) });
  }

  /** Ask, then delete a message of mine. */
  async remove(message) {
    if (isEphemeral(message)) {
      this.chat.dismiss(message);
      return;
    }
    if (message.author.id !== this.chat.store.me.id || !(await confirmDelete(gist(message).slice(0, 200)))) return;
    await this.#try(() => this.chat.rest.request("DELETE", `/channels/${message.channel_id}/messages/${message.id}`));
  }

  react(message, emoji, add) {
    return this.#try(() => sendReaction(this.chat.rest, message, emoji, add));
  }

  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.chat.notify(error.message);
    }
  }
}
