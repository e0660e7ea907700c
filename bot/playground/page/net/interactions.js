// Posts interactions (commands, message commands, buttons, selects, autocomplete, modals) and waits for the
// application's acknowledgement, which comes back over the gateway under the same nonce.

import { newNonce } from "../messages/format.js";
import { t } from "../i18n.js";

export const NO_RESPONSE = t("The application did not respond");
/** Discord gives the application 3 s and then says so itself; this is for when even that is lost. */
const GIVE_UP_MS = 15_000;
const KIND = { COMMAND: 2, COMPONENT: 3, AUTOCOMPLETE: 4, MODAL: 5 };

export class Interactions {
  #rest;
  #gateway;
  #store;
  #waiting = new Map();
  /** The nonces of this page, since every page of a person hears of that person's modals. */
  #mine = new Set();

  /** `onModal(modal)` is called when an application answers with a modal. */
  constructor({ rest, gateway, store, onModal }) {
    this.onModal = onModal;
    this.#rest = rest;
    this.#gateway = gateway;
    this.#store = store;
    gateway.addEventListener("dispatch", ({ detail }) => this.#heard(detail.type, detail.data));
  }

  /** Run a command: `data` as Discord's client sends it. Resolves once the application acknowledged it. */
  command(command, data, files = [], onProgress = () => {}) {
    const full = { id: command.id, name: command.name, type: command.type ?? 1, version: command.version, ...data };
    return this.#run({ type: KIND.COMMAND, application_id: command.application_id, data: full }, files, onProgress);
  }

  /** Press a button or submit a select menu (`values`) of a message. */
  component(message, component, values) {
    const data = { component_type: component.type, custom_id: component.custom_id };
    if (values) Object.assign(data, { type: component.type, values });
    return this.#run({
      type: KIND.COMPONENT, application_id: message.application_id ?? message.author.id,
      message_id: message.id, message_flags: message.flags ?? 0, data,
    });
  }

  /** Ask the application for choices of the focused option. Rejects when none came in time. */
  async autocomplete(command, options) {
    const data = { id: command.id, name: command.name, type: command.type ?? 1, version: command.version, options };
    const answer = await this.#run({ type: KIND.AUTOCOMPLETE, application_id: command.application_id, data });
    return answer.choices ?? [];
  }

  /** Send a modal that was filled in: `components` as Discord's client sends them, their files by number. */
  submit(modal, components, files, onProgress) {
    const data = { id: modal.id, custom_id: modal.custom_id, components };
    return this.#run({ type: KIND.MODAL, application_id: modal.application.id, data }, files, onProgress);
  }

  async #run(body, files = [], onProgress = () => {}) {
    if (this.#gateway.state !== "ready") throw new Error(t("Not connected at the moment. Try again in a second."));
    const nonce = newNonce();
    this.#mine.add(nonce);
    const heard = new Promise((resolve, reject) => this.#waiting.set(nonce, { resolve, reject }));
    // The answer may be a refusal that comes before the request has returned.
    heard.catch(() => {});
    const whole = { ...body, nonce, session_id: this.#gateway.sessionId, guild_id: this.#store.guild.id, channel_id: this.#store.channel.id };
    let timer;
    try {
      await this.#rest.upload("POST", "/interactions", whole, files, onProgress);
      timer = setTimeout(() => this.#waiting.get(nonce)?.reject(new Error(NO_RESPONSE)), GIVE_UP_MS);
      return await heard;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(nonce);
    }
  }

  #heard(type, data) {
    if (type === "INTERACTION_MODAL_CREATE" && this.#mine.has(data.nonce)) this.onModal(data);
    const waiting = this.#waiting.get(data?.nonce);
    if (!waiting) return;
    if (type === "INTERACTION_SUCCESS" || type === "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE") waiting.resolve(data);
    if (type === "INTERACTION_FAILURE") waiting.reject(new Error(NO_RESPONSE));
  }
}
