// Draws the reactions under a message, applies reaction events to it, and adds or takes back one's own.

import { el } from "../ui/dom.js";
import { t } from "../i18n.js";

export const QUICK_REACTIONS = ["👍", "❤️", "😂", "🐾"];

/** Draw a message's reactions; null when there are none. */
export function renderReactions(message, chat) {
  const reactions = (message.reactions ?? []).filter((reaction) => reaction.count > 0);
  if (!reactions.length) return null;
  return el("div", { class: "reactions" }, reactions.map((reaction) => {
    const { name } = reaction.emoji;
    return el("button", {
      type: "button", class: reaction.me ? "reaction mine" : "reaction", "aria-pressed": String(Boolean(reaction.me)),
      "aria-label": reaction.count === 1 ? t("{name}, 1 reaction", { name }) : t("{name}, {count} reactions", { name, count: reaction.count }), onclick: () => chat.react(message, reaction.emoji, !reaction.me),
    }, el("span", { class: "reaction-emoji" }, name), el("span", { class: "reaction-count" }, String(reaction.count)));
  }));
}

/** Add or take back my reaction; the gateway's event then changes what is shown. */
export function sendReaction(rest, message, emoji, add) {
  const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${encodeURIComponent(emoji.name)}/@me`;
  return rest.request(add ? "PUT" : "DELETE", path);
}

/** A message's reactions after one gateway event; the message itself is left as it is. */
export function reactionsAfter(message, type, data, myId) {
  const reactions = (message.reactions ?? []).map((reaction) => ({ ...reaction }));
  const at = reactions.findIndex((reaction) => reaction.emoji.name === data.emoji.name);
  const step = type === "MESSAGE_REACTION_ADD" ? 1 : -1;
  if (at < 0) return step > 0 ? [...reactions, { emoji: data.emoji, count: 1, me: data.user_id === myId }] : reactions;
  reactions[at].count += step;
  if (data.user_id === myId) reactions[at].me = step > 0;
  return reactions.filter((reaction) => reaction.count > 0);
}
