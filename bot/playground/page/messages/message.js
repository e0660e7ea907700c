// Draws one message: who, when, what it answers, text, files, embeds, components, reactions, and its
// small toolbar. Where it stands in the list (grouping, day lines) is up to the list.

import { renderAttachments } from "../composer/attachments.js";
import { avatar, botBadge, tint } from "../ui/avatar.js";
import { renderComponents } from "./components.js";
import { el, icon, iconButton } from "../ui/dom.js";
import { renderEmbeds, usedByEmbeds } from "./embeds.js";
import { clockTime, displayName, longTime, stamp } from "./format.js";
import { markdown, markdownLine } from "./markdown.js";
import { renderReactions } from "./reactions.js";
import { t } from "../i18n.js";

export const FLAG = { EPHEMERAL: 1 << 6, LOADING: 1 << 7 };
const TYPE = { DEFAULT: 0, REPLY: 19, SLASH: 20, MENU: 23 };
const WRITTEN = new Set(Object.values(TYPE));
const SUPPRESS_EMBEDS = 1 << 2;

export const isEphemeral = (message) => Boolean((message.flags ?? 0) & FLAG.EPHEMERAL);
export const isLoading = (message) => Boolean((message.flags ?? 0) & FLAG.LOADING);

/** Whether a message opens with a line about what it answers, and so begins a group. */
export const hasContextLine = (message) =>
  message.type === TYPE.REPLY || Boolean(message.interaction_metadata || message.interaction);

/** How mentions in a message's text are named. */
export function namesFor(message, store) {
  const mentioned = new Map((message.mentions ?? []).map((user) => [user.id, displayName(user, user.member)]));
  return {
    user: (id) => mentioned.get(id) ?? store.nameOf(id),
    channel: (id) => (id === store.channel?.id ? store.channel.name : null),
    me: store.me?.id,
    mentionsEveryone: message.mention_everyone ?? false,
  };
}

/** The first line of a message in a few words, for quotes and confirmations. */
export function gist(message) {
  const text = (message.content ?? "").replace(/\s+/g, " ").trim();
  if (text) return text;
  if (message.attachments?.length) return message.attachments.length === 1 ? t("1 file") : t("{count} files", { count: message.attachments.length });
  const embed = message.embeds?.[0];
  return embed?.title || embed?.description || t("Message");
}

/** Draw `message` as an article. `chat` gives its buttons something to do. */
export function renderMessage(message, chat) {
  const names = namesFor(message, chat.store);
  const author = message.author;
  const sent = new Date(message.timestamp);
  const name = tint(el("span", { class: author.bot ? "author author-bot" : "author" }, displayName(author, message.member)), author);
  const mentionsMe = names.mentionsEveryone || (message.mentions ?? []).some((user) => user.id === chat.store.me?.id);
  const classes = ["message", isEphemeral(message) && "ephemeral", mentionsMe && "mentions-me"].filter(Boolean).join(" ");
  return el("article", { class: classes, id: `message-${message.id}`, dataset: { id: message.id }, tabindex: "-1", "aria-label": spokenLabel(message, sent) },
    contextLine(message, chat, names),
    el("div", { class: "message-side" }, avatar(author, 40), el("time", { class: "side-time", datetime: message.timestamp, "aria-hidden": "true" }, clockTime(sent))),
    el("div", { class: "message-main" },
      el("div", { class: "message-head" }, name, botBadge(author), el("time", { class: "sent", datetime: message.timestamp, title: longTime(sent) }, stamp(sent))),
      body(message, chat, names),
      isEphemeral(message) && !isLoading(message) ? privateLine(message, chat) : null),
    toolbar(message, chat));
}

function spokenLabel(message, sent) {
  return [displayName(message.author, message.member), stamp(sent), isEphemeral(message) && t("Only you can see this")].filter(Boolean).join(", ");
}

function body(message, chat, names) {
  if (isLoading(message)) {
    return el("div", { class: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), t("{name} is thinking…", { name: displayName(message.author) }));
  }
  const used = usedByEmbeds(message);
  const embeds = (message.flags ?? 0) & SUPPRESS_EMBEDS ? [] : message.embeds ?? [];
  const text = WRITTEN.has(message.type ?? 0) ? message.content : message.content || t("did something this page has no words for.");
  const content = text ? markdown(text, names) : null;
  if (message.edited_timestamp) {
    const mark = el("span", { class: "edited", title: longTime(new Date(message.edited_timestamp)) }, t("(edited)"));
    (content?.lastElementChild?.tagName === "P" ? content.lastElementChild : content)?.append(" ", mark);
  }
  return el("div", { class: "message-body" },
    content,
    renderAttachments((message.attachments ?? []).filter((one) => !used.has(one.id))),
    renderEmbeds(embeds, message.attachments ?? [], names),
    renderComponents(message, chat),
    renderReactions(message, chat));
}

/** "↱ @ann: look at this" above a reply; "↱ ann used /classify" above an application's answer. */
function contextLine(message, chat, names) {
  if (message.type === TYPE.REPLY) return replyLine(message, chat, names);
  const origin = message.interaction_metadata ?? message.interaction;
  if (!origin) return null;
  const name = message.interaction?.name ?? origin.name;
  const who = displayName(origin.user);
  const slash = (origin.type ?? 2) === 2 && message.type !== TYPE.MENU;
  return el("div", { class: "context-line" }, el("span", { class: "context-hook", "aria-hidden": "true" }), avatar(origin.user, 18, "avatar-small"),
    el("span", { class: "context-who" }, who), ` ${t("used")} `, el("span", { class: "context-command" }, name ? `${slash ? "/" : ""}${name}` : t("a command")));
}

function replyLine(message, chat, names) {
  const target = message.referenced_message;
  const hook = el("span", { class: "context-hook", "aria-hidden": "true" });
  if (!target) return el("div", { class: "context-line" }, hook, el("em", {}, target === null ? t("The original message was deleted") : t("The original message could not be loaded")));
  const pinged = (message.mentions ?? []).some((user) => user.id === target.author.id);
  const quote = el("span", { class: "quote" }, markdownLine(gist(target).slice(0, 200), { ...names, inLink: true }));
  // The quote is one button; links or spoilers inside it must not be targets of their own.
  quote.inert = true;
  return el("div", { class: "context-line" }, hook, avatar(target.author, 18, "avatar-small"),
    el("span", { class: "context-who" }, `${pinged ? "@" : ""}${displayName(target.author, target.member)}`),
    el("button", { type: "button", class: "quote-button", title: t("Jump to this message"), "aria-label": t("Jump to the original message: {gist}", { gist: gist(target).slice(0, 80) }), onclick: () => chat.jumpTo(target.id) },
      quote, target.attachments?.length ? icon("picture") : null));
}

function privateLine(message, chat) {
  return el("div", { class: "private-line" }, icon("eye"), `${t("Only you can see this")} · `,
    el("button", { type: "button", class: "text-button", onclick: () => chat.dismiss(message) }, t("Dismiss message")));
}

/** The buttons at a message's corner: for the mouse; keys reach the same things through the menu. */
function toolbar(message, chat) {
  if (isLoading(message)) return null;
  const mine = message.author.id === chat.store.me?.id;
  const quiet = { tabindex: "-1" };
  const options = (name, label, run) => iconButton(name, label, run, { class: "icon-button", ...quiet });
  return el("div", { class: "message-tools", role: "group", "aria-label": t("Message actions") },
    isEphemeral(message) ? null : options("reply", t("Reply"), () => chat.reply(message)),
    mine ? options("edit", t("Edit"), () => chat.edit(message)) : null,
    iconButton("more", t("More"), (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      chat.menuFor(message, box.left, box.bottom + 4);
    }, { class: "icon-button", "aria-haspopup": "menu", ...quiet }));
}
