// The applications' commands in this channel: loading the index, subcommands as entries of their own,
// and finding entries by what a person typed. Whatever has a name also has a label, which is that name
// in the browser's language; the API knows the name alone.

const SLASH = 1;
const MESSAGE = 3;
const SUBCOMMAND = 1;
const GROUP = 2;
const FRESH_MS = 5000;

export class Commands {
  #rest;
  #loadedAt = 0;
  #loading = null;

  /** Slash entries: { command, path, name, label, description, options, application }. */
  entries = [];
  /** Message-menu commands: { command, application }. */
  forMessages = [];

  constructor(rest) {
    this.#rest = rest;
  }

  /** Load the index unless it has just been loaded. */
  load(channelId, { force = false } = {}) {
    if (!force && Date.now() - this.#loadedAt < FRESH_MS) return Promise.resolve();
    this.#loading ??= this.#fetch(channelId).finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #fetch(channelId) {
    const index = await this.#rest.get(`/channels/${channelId}/application-command-index`);
    const nameOf = new Map((index.applications ?? []).map((application) => [application.id, application.name]));
    const all = (index.application_commands ?? []).map((command) => ({ command: labelled(command), application: nameOf.get(command.application_id) ?? "Application" }));
    this.entries = all.filter(({ command }) => (command.type ?? SLASH) === SLASH).flatMap(flatten);
    this.forMessages = all.filter(({ command }) => command.type === MESSAGE);
    this.#loadedAt = Date.now();
  }

  /** Entries whose name holds every word of `typed`; those beginning with it first. */
  find(typed) {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const names = ({ name, label }) => [name, label].map((one) => one.toLowerCase());
    const matches = this.entries.filter((entry) => names(entry).some((name) => words.every((word) => name.includes(word))));
    const rank = (entry) => (names(entry).some((name) => name.startsWith(words[0] ?? "")) ? 0 : 1);
    return matches.sort((a, b) => a.application.localeCompare(b.application) || rank(a) - rank(b) || a.name.localeCompare(b.name));
  }
}

/** What `texts` say in the browser's language, or else `otherwise`. */
function inLanguage(texts, otherwise) {
  return texts?.[navigator.language] ?? texts?.[navigator.language.split("-")[0]] ?? otherwise;
}

/** A command or an option, and all inside it, with labels, and described in the browser's language. */
function labelled(node) {
  return {
    ...node,
    label: inLanguage(node.name_localizations, node.name),
    description: inLanguage(node.description_localizations, node.description ?? ""),
    options: (node.options ?? []).map(labelled),
    choices: (node.choices ?? []).map(({ name, name_localizations, value }) => ({ label: inLanguage(name_localizations, name), value })),
  };
}

/** A command, or each of its subcommands, as an entry a person can pick. */
function flatten({ command, application }) {
  const joined = (key, path) => [command, ...path].map((step) => step[key]).join(" ");
  const walk = (path, { options, description }) => {
    const inner = options.filter((option) => [SUBCOMMAND, GROUP].includes(option.type));
    if (!inner.length) return [{ command, application, path, name: joined("name", path), label: joined("label", path), description, options }];
    return inner.flatMap((option) => walk([...path, option], option));
  };
  return walk([], command);
}

/** Wrap filled-in options in the subcommands that lead to them, as the API wants. */
export function nest(path, options) {
  return path.reduceRight((inner, { type, name }) => [{ type, name, options: inner }], options);
}
