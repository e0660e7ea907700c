// Speaks Discord's REST API for the page: the token header, waiting out rate limits, uploads with progress,
// and errors as one sentence a person can read. Knows nothing of what is sent.

import { t } from "../i18n.js";

const BASE = `${location.origin}/api/v10`;
const MOST_TRIES = 6;
const UNREACHABLE = t("Can’t reach the playground. Is “bobby playground” still running?");

/** A refused request: `message` is for people, `status`, Discord's `code` and its tree of `errors` for the program. */
export class ApiError extends Error {
  constructor(message, status = 0, code = 0, errors = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** The first sentence inside Discord's nested `errors` of a 50035 answer, or null. */
export function firstFieldError(errors) {
  if (!errors || typeof errors !== "object") return null;
  if (Array.isArray(errors._errors) && errors._errors.length) return errors._errors[0].message ?? null;
  for (const inner of Object.values(errors)) {
    const found = firstFieldError(inner);
    if (found) return found;
  }
  return null;
}

function toError(status, body) {
  if (status === 413 && !body?.message) return new ApiError(t("These files are too large to upload here."), 413, 40005);
  const text = firstFieldError(body?.errors) ?? body?.message ?? t("The server returned an error ({status}).", { status });
  return new ApiError(text, status, body?.code ?? 0, body?.errors);
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export class Rest {
  /** `onUnauthorized` is called when the server refuses the token itself. */
  constructor(token, onUnauthorized) {
    this.token = token;
    this.onUnauthorized = onUnauthorized;
  }

  get(path) {
    return this.request("GET", path);
  }

  /** One JSON request. Resolves to the parsed answer or null; rejects with an ApiError. */
  request(method, path, body) {
    const headers = { Authorization: this.token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return this.#insist(async () => {
      const answer = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
      return { status: answer.status, body: parse(await answer.text()) };
    });
  }

  /**
   * A request that carries files: `files[n]` beside `payload_json`. Without files it is a plain JSON request.
   * `onProgress` gets the sent share, 0 to 1.
   */
  upload(method, path, payload, files, onProgress = () => {}) {
    if (!files.length) return this.request(method, path, payload);
    return this.#insist(() => new Promise((resolve, reject) => {
      const form = new FormData();
      form.append("payload_json", JSON.stringify(payload));
      files.forEach(({ file, name }, index) => form.append(`files[${index}]`, file, name));
      // fetch can't tell how much has been sent; XMLHttpRequest can.
      const xhr = new XMLHttpRequest();
      xhr.open(method, BASE + path);
      xhr.setRequestHeader("Authorization", this.token);
      xhr.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
      xhr.addEventListener("load", () => resolve({ status: xhr.status, body: parse(xhr.responseText) }));
      xhr.addEventListener("error", () => reject(new TypeError("network")));
      xhr.send(form);
    }));
  }

  /** Repeat `attempt` while the server asks to slow down; turn its last word into a result or an ApiError. */
  async #insist(attempt) {
    for (let tries = 1; ; tries += 1) {
      let answer;
      try {
        answer = await attempt();
      } catch {
        throw new ApiError(UNREACHABLE);
      }
      const { status, body } = answer;
      if (status === 429 && tries < MOST_TRIES) {
        await sleep((body?.retry_after ?? 1) + 0.05);
        continue;
      }
      if (status === 401) this.onUnauthorized();
      if (status < 200 || status >= 300) throw toError(status, body);
      return body;
    }
  }
}
