// What the page knows: who I am, the server, the channel and the people. Draws nothing, asks nothing.

import { displayName } from "./messages/format.js";

const TEXT_CHANNEL = 0;

export class Store {
  me = null;
  guild = null;
  channel = null;
  /** People by id: { user, member }. */
  people = new Map();

  /** Take READY: remember myself, and the server if it came whole. */
  ready(data) {
    this.me = data.user;
    this.learn(data.user);
    for (const user of data.users ?? []) this.learn(user);
    const guild = data.guilds?.[0];
    if (guild && !guild.unavailable) this.setGuild(guild);
    else if (guild) this.guild ??= guild;
  }

  /** Take a server with its channels and members; the first text channel is the one shown. */
  setGuild(guild) {
    if (this.guild && this.guild.id !== guild.id) return;
    this.guild = { ...guild, ...guild.properties };
    this.channel = guild.channels?.find((channel) => channel.type === TEXT_CHANNEL) ?? this.channel;
    for (const member of guild.members ?? []) this.learn(member.user, member);
  }

  learn(user, member = null) {
    if (!user?.id) return;
    const known = this.people.get(user.id);
    this.people.set(user.id, { user: { ...known?.user, ...user }, member: member ?? known?.member ?? null });
  }

  /** Remember everyone a message names. */
  learnFrom(message) {
    if (!message.webhook_id || message.author?.id === message.application_id) this.learn(message.author, message.member);
    for (const user of message.mentions ?? []) this.learn(user, user.member);
    if (message.interaction_metadata?.user) this.learn(message.interaction_metadata.user);
  }

  /** A person's name by id, or null for a stranger. */
  nameOf(id) {
    const person = this.people.get(id);
    return person ? displayName(person.user, person.member) : null;
  }
}
