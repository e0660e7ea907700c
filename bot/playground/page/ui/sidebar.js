// The side of the page on wide screens: the server, its channel, who is here, and the commands to try.

import { avatar, botBadge, tint } from "./avatar.js";
import { el, icon } from "./dom.js";
import { displayName } from "../messages/format.js";
import { t } from "../i18n.js";

/** Draw the people: applications first, then everyone by name. */
export function drawPeople(node, store) {
  const people = [...store.people.values()].sort((a, b) =>
    Number(b.user.bot ?? false) - Number(a.user.bot ?? false) || displayName(a.user, a.member).localeCompare(displayName(b.user, b.member)));
  node.replaceChildren(...people.map(({ user, member }) => el("li", { class: "person" },
    avatar(user, 30, "avatar-medium"),
    tint(el("span", { class: user.bot ? "author author-bot" : "author" }, displayName(user, member)), user),
    botBadge(user), user.id === store.me?.id ? el("span", { class: "badge badge-quiet" }, t("You")) : null)));
}

/** Draw the slash commands; a press puts one into the composer. */
export function drawCommands(section, node, commands, onPick) {
  const entries = commands.find("");
  section.hidden = !entries.length;
  node.replaceChildren(...entries.map((entry) => el("li", {}, el("button", { type: "button", class: "side-command", title: entry.description, onclick: () => onPick(entry) },
    icon("slash"), el("span", { class: "side-command-words" }, el("span", { class: "side-command-name" }, entry.label), el("span", { class: "side-command-detail" }, entry.description))))));
}
