// One field per option of a slash command: text, numbers, choices, autocomplete, people, a file.
// Each field is { node, focus(), read() }: read gives { value, file? }, undefined when empty, or throws
// an Error whose message says what is wrong.

import { avatar } from "../ui/avatar.js";
import { el, icon } from "../ui/dom.js";
import { displayName } from "../messages/format.js";
import { Listbox } from "../ui/listbox.js";
import { t } from "../i18n.js";

const TYPE = { STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, NUMBER: 10, ATTACHMENT: 11 };
const NUMBERS = new Set([TYPE.INTEGER, TYPE.NUMBER]);
const PAUSE_MS = 150;

/**
 * Make the field of `option`. `context`: { store, complete(option, typed) → choices, onPick(), onFiles }.
 */
export function optionField(option, context) {
  if (option.type === TYPE.ATTACHMENT) return fileField(option, context);
  if (option.autocomplete) return remoteField(option, context);
  const choices = fixedChoices(option, context.store);
  return choices ? listField(option, choices, context) : textField(option);
}

function fixedChoices(option, store) {
  if (option.choices?.length) return option.choices;
  if (option.type === TYPE.BOOLEAN) return [{ label: t("True"), value: true }, { label: t("False"), value: false }];
  if (option.type === TYPE.CHANNEL) return [{ label: `#${store.channel.name}`, value: store.channel.id }];
  if (option.type === TYPE.USER) {
    return [...store.people.values()].map(({ user, member }) => ({
      label: displayName(user, member), detail: `@${user.username}`, value: user.id, lead: avatar(user, 24, "avatar-small"),
    }));
  }
  return null;
}

function input(option, props = {}) {
  return el("input", { class: "option-input", type: "text", autocomplete: "off", spellcheck: false, "aria-label": label(option), placeholder: option.required ? t("needed") : t("optional"), ...props });
}

const label = ({ label: name, description, required }) => `${name}: ${description}${required ? ` (${t("needed")})` : ""}`;

/** Free text or a number. */
function textField(option) {
  const node = input(option, NUMBERS.has(option.type) ? { inputMode: option.type === TYPE.INTEGER ? "numeric" : "decimal" } : {});
  return { node, focus: () => node.focus(), key: () => false, read: () => checked(option, node.value.trim()) };
}

/** Check free text against the option's type and limits. */
function checked(option, text) {
  if (!text) return undefined;
  if (!NUMBERS.has(option.type)) {
    if (text.length < (option.min_length ?? 0)) throw new Error(t("{name} needs at least {count} characters.", { name: option.label, count: option.min_length }));
    if (text.length > (option.max_length ?? 6000)) throw new Error(t("{name} takes at most {count} characters.", { name: option.label, count: option.max_length ?? 6000 }));
    return { value: text };
  }
  const value = Number(text.replace(",", "."));
  if (Number.isNaN(value) || (option.type === TYPE.INTEGER && !Number.isInteger(value))) {
    const name = option.label;
    throw new Error(option.type === TYPE.INTEGER ? t("{name} takes a whole number.", { name }) : t("{name} takes a number.", { name }));
  }
  if (value < (option.min_value ?? -Infinity)) throw new Error(t("{name} must be {value} or more.", { name: option.label, value: option.min_value }));
  if (value > (option.max_value ?? Infinity)) throw new Error(t("{name} must be {value} or less.", { name: option.label, value: option.max_value }));
  return { value };
}

/** An input with a list under it; `pick` remembers the chosen item until the text is changed. */
function combobox(option, context) {
  let chosen = null;
  const node = input(option, { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false" });
  const list = new Listbox({ anchor: node, near: node, label: option.label, onPick: (item) => {
    chosen = item;
    node.value = item.label;
    list.close();
    context.onPick();
  } });
  node.addEventListener("blur", () => list.close());
  return {
    node, list, focus: () => node.focus(), key: (event) => list.key(event),
    chosen: () => (chosen && chosen.label === node.value ? chosen : null),
  };
}

/** One of a fixed list; typing narrows it. */
function listField(option, choices, context) {
  const box = combobox(option, context);
  const show = () => {
    const typed = box.chosen() ? "" : box.node.value.trim().toLowerCase();
    const matching = choices.filter((choice) => choice.label.toLowerCase().includes(typed));
    box.list.show(matching.slice(0, 25), { note: matching.length ? null : t("No matches.") });
  };
  for (const event of ["input", "focus", "click"]) box.node.addEventListener(event, show);
  const read = () => {
    const text = box.node.value.trim();
    if (!text) return undefined;
    const choice = box.chosen() ?? choices.find((one) => one.label.toLowerCase() === text.toLowerCase());
    if (!choice) throw new Error(t("{name}: choose one from the list.", { name: option.label }));
    return { value: choice.value };
  };
  return { ...box, read };
}

/** Choices come from the application while one types; free text is allowed, as on Discord. */
function remoteField(option, context) {
  const box = combobox(option, context);
  let timer;
  let latest = 0;
  const ask = async () => {
    latest += 1;
    const mine = latest;
    try {
      const choices = await context.complete(option, box.node.value);
      if (mine !== latest || document.activeElement !== box.node) return;
      box.list.show(choices.map(({ name, value }) => ({ label: name, value })), { note: choices.length ? null : t("No matches.") });
    } catch {
      if (mine === latest && document.activeElement === box.node) box.list.show([], { note: t("Couldn’t load suggestions. You can still type a value.") });
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  };
  box.node.addEventListener("input", soon);
  box.node.addEventListener("focus", soon);
  box.node.addEventListener("blur", () => {
    clearTimeout(timer);
    latest += 1;
  });
  const read = () => {
    const chosen = box.chosen();
    return chosen ? { value: chosen.value } : checked(option, box.node.value.trim());
  };
  return { ...box, read };
}

/** A file: chosen, dropped or pasted. */
function fileField(option, context) {
  let file = null;
  let preview = null;
  const chooser = el("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", onchange: () => chooser.files[0] && accept(chooser.files[0]) });
  const node = el("button", { type: "button", class: "option-file", "aria-label": label(option), onclick: () => chooser.click() });
  const draw = () => {
    if (preview) URL.revokeObjectURL(preview);
    preview = file?.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    node.replaceChildren(...[preview ? el("img", { src: preview, alt: "" }) : icon("picture"), el("span", {}, file ? file.name : t("Choose or drop a file")), chooser]);
    node.setAttribute("aria-label", file ? t("{name}: {file}. Press to choose another.", { name: option.label, file: file.name }) : label(option));
  };
  const accept = (given) => {
    file = given;
    draw();
    context.onPick();
  };
  // The chooser lies inside the button: its own click must not open it once more.
  chooser.addEventListener("click", (event) => event.stopPropagation());
  draw();
  return {
    node, accept, isEmpty: () => !file, focus: () => node.focus(), key: () => false,
    read: () => (file ? { file } : undefined),
    release: () => preview && URL.revokeObjectURL(preview),
  };
}
