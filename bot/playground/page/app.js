// Puts the page together: takes the token from the link, opens the gateway, hands its events to whom they
// concern, and gives every part the few things it may ask of the others (`chat`).

import { Actions } from "./net/actions.js";
import { Commands } from "./composer/commands.js";
import { Composer } from "./composer/composer.js";
import { acceptDrops } from "./composer/drop.js";
import { Gateway } from "./net/gateway.js";
import { Interactions } from "./net/interactions.js";
import { isEphemeral } from "./messages/message.js";
import { MessageList } from "./messages/list.js";
import { offerBreaking } from "./ui/breaking.js";
import { openModal } from "./ui/modal.js";
import { Outbox } from "./net/outbox.js";
import { reactionsAfter } from "./messages/reactions.js";
import { Rest } from "./net/rest.js";
import { drawCommands, drawPeople } from "./ui/sidebar.js";
import { TitleCount, notify, showConnection, showProblem } from "./ui/status.js";
import { Store } from "./store.js";
import { Typing } from "./messages/typing.js";
import { t, translatePage } from "./i18n.js";

translatePage();

const TOKEN_KEY = "playground-token";
const byId = (id) => document.getElementById(id);

/** The token from the link (then hidden from the address bar) or from before a reload; null without one. */
function takeToken() {
  const address = new URL(location.href);
  const given = address.searchParams.get("token");
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given);
    address.searchParams.delete("token");
    history.replaceState(null, "", address);
  }
  return given ?? sessionStorage.getItem(TOKEN_KEY);
}

const refused = () => showProblem(t("This link is no longer valid"), t("The playground was restarted. Open the newest link that “bobby playground” printed."));

function start(token) {
  const store = new Store();
  const rest = new Rest(token, refused);
  const gateway = new Gateway(token);
  const interactions = new Interactions({ rest, gateway, store, onModal: (modal) => openModal(modal, chat) });
  const commands = new Commands(rest);
  const chat = { store, rest, interactions, notify };

  const list = new MessageList({ scroller: byId("scroller"), list: byId("messages"), intro: byId("intro"), jump: byId("jump"), chat });
  const outbox = new Outbox({ node: byId("outbox"), chat });
  const parts = Object.fromEntries(["form", "box", "bar", "tray", "command", "textarea", "counter", "send", "attach", "chooser"].map((name) => [name, byId(`composer-${name}`)]));
  const composer = new Composer({ parts, chat, commands, outbox });
  const actions = new Actions({ chat, commands, outbox });
  const typing = new Typing({ node: byId("typing"), store });
  const title = new TitleCount();

  Object.assign(chat, {
    toEnd: () => list.toEnd(),
    arrived: (message) => list.arrive(message),
    changed: (message) => list.update(message.id, message),
    dismiss: (message) => list.remove(message.id),
    jumpTo: async (id) => (await list.jumpTo(id)) || notify(t("That message was deleted.")),
    reply: (message) => composer.reply(message),
    edit: (message) => composer.edit(message),
    editLast: () => {
      const last = list.newest((message) => message.author.id === store.me.id && !isEphemeral(message) && [0, 19].includes(message.type));
      if (last) composer.edit(last);
    },
    remove: (message) => actions.remove(message),
    react: (message, emoji, add) => actions.react(message, emoji, add),
    menuFor: (message, x, y) => actions.menu(message, x, y),
    menuBeside: (message, node) => {
      const box = node.getBoundingClientRect();
      actions.menu(message, box.left + 64, Math.max(box.top, 60) + 16);
    },
    focusComposer: () => composer.focus(),
    focusSend: () => parts.send.focus(),
  });

  const inChannel = (data) => data.channel_id === store.channel?.id;
  const people = () => drawPeople(byId("people"), store);
  const refreshCommands = () => commands.load(store.channel.id, { force: true }).then(
    () => drawCommands(byId("side-commands"), byId("command-list"), commands, (entry) => composer.openCommand(entry)),
    (error) => notify(error.message));

  /** Everything that needs the channel: called for every new session, not after a resume. */
  const open = async () => {
    const { name, topic } = store.channel;
    byId("guild-name").textContent = store.guild.name ?? "Playground";
    for (const node of document.querySelectorAll("[data-channel-name]")) node.textContent = name;
    byId("channel-topic").textContent = topic ?? "";
    parts.textarea.placeholder = t("Message #{name}", { name });
    parts.textarea.setAttribute("aria-label", t("Message #{name}", { name }));
    title.setTitle(`#${name} · Bobby’s playground`);
    people();
    try {
      await Promise.all([list.reload(), refreshCommands()]);
      byId("app").dataset.ready = "true";
    } catch (error) {
      notify(error.message);
    }
    people();
  };

  const reaction = (data, type) => {
    const message = list.get(data.message_id);
    if (message) list.update(message.id, { reactions: reactionsAfter(message, type, data, store.me.id) });
  };
  const on = {
    READY: (data) => {
      store.ready(data);
      if (store.channel) open();
    },
    GUILD_CREATE: (data) => {
      const fresh = !store.channel;
      store.setGuild(data);
      if (fresh && store.channel) open();
      else people();
    },
    GUILD_MEMBER_ADD: (data) => {
      store.learn(data.user, data);
      people();
    },
    MESSAGE_CREATE: (data) => {
      if (!inChannel(data)) return;
      typing.stopped(data.author.id);
      if (data.nonce) outbox.confirm(data.nonce);
      list.arrive(data);
      if (data.author.id !== store.me.id) title.arrived();
    },
    // An event says the same to everyone, so it can't know which reactions are mine.
    MESSAGE_UPDATE: ({ reactions: _, ...data }) => list.update(data.id, data),
    MESSAGE_DELETE: (data) => list.remove(data.id),
    MESSAGE_REACTION_ADD: reaction,
    MESSAGE_REACTION_REMOVE: reaction,
    TYPING_START: (data) => inChannel(data) && typing.started(data.user_id),
  };
  gateway.addEventListener("dispatch", ({ detail: { type, data } }) => on[type]?.(data, type));
  gateway.addEventListener("state", ({ detail }) => (detail === "refused" ? refused() : showConnection(byId("connection"), detail)));

  offerBreaking(byId("break"), chat);
  acceptDrops({ overlay: byId("drop"), onFiles: (files) => composer.addFiles(files) });
  byId("messages").addEventListener("contextmenu", (event) => {
    const node = event.target.closest(".message");
    // On a link or selected text the browser's own menu is the useful one.
    if (!node || event.target.closest("a") || !getSelection().isCollapsed) return;
    event.preventDefault();
    const { left, top } = node.getBoundingClientRect();
    const byKey = event.button !== 2;
    actions.menu(list.get(node.dataset.id), byKey ? left + 64 : event.clientX, byKey ? top + 16 : event.clientY);
  });
  window.addEventListener("keydown", (event) => {
    const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && document.activeElement === document.body) composer.focus();
  });
  window.addEventListener("pagehide", () => gateway.close());
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  gateway.connect();
  composer.focus();
}

const token = takeToken();
if (token) start(token);
else showProblem(t("This link is incomplete"), t("Open the full link that “bobby playground” printed. It contains your access key."));
