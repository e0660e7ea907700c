// The applications' commands in this channel: loading the index, subcommands as entries of their own,
// and finding entries by what a person typed.

const SLASH = 1;
const MESSAGE = 3;
const SUBCOMMAND = 1;
const GROUP = 2;
const FRESH_MS = 5000;

export class Commands {
  #rest;
  #loadedAt = 0;
  #loading = null;

  /** Slash entries: { command, path, name, description, options, application }. */
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
    const all = (index.application_commands ?? []).map((command) => ({ command, application: nameOf.get(command.application_id) ?? "Application" }));
    this.entries = all.filter(({ command }) => (command.type ?? SLASH) === SLASH).flatMap(flatten);
    this.forMessages = all.filter(({ command }) => command.type === MESSAGE);
    this.#loadedAt = Date.now();
  }

  /** Entries whose name holds every word of `typed`; those beginning with it first. */
  find(typed) {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = this.entries.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
    const rank = ({ name }) => (name.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
    return matches.sort((a, b) => a.application.localeCompare(b.application) || rank(a) - rank(b) || a.name.localeCompare(b.name));
  }
}

/** What `texts` say in the browser's language, or else `otherwise`. */
export function inLanguage(texts, otherwise) {
  return texts?.[navigator.language] ?? texts?.[navigator.language.split("-")[0]] ?? otherwise;
}

/** A command, or each of its subcommands, as an entry a person can pick. */
function flatten({ command, application }) {
  const entry = (path, { description, description_localizations, options }) => ({
    command, application, path, name: [command.name, ...path.map((step) => step.name)].join(" "),
    description: inLanguage(description_localizations, description ?? ""),
    options: options ?? [],
  });
  const walk = (path, node) => {
    const inner = (node.options ?? []).filter((option) => [SUBCOMMAND, GROUP].includes(option.type));
    if (!inner.length) return [entry(path, node)];
    return inner.flatMap((option) => walk([...path, { type: option.type, name: option.name }], option));
  };
  return walk([], command);
}

/** Wrap filled-in options in the subcommands that lead to them, as the API wants. */
export function nest(path, options) {
  return path.reduceRight((inner, { type, name }) => [{ type, name, options: inner }], options);
}
