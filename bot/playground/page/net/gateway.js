// Keeps the gateway connection: identify, heartbeats, resume with replay, and waiting between tries.
// Emits "dispatch" ({type, data}) for each event and "state" (connecting, ready, reconnecting, refused).

const OP = { DISPATCH: 0, HEARTBEAT: 1, IDENTIFY: 2, RESUME: 6, RECONNECT: 7, INVALID_SESSION: 9, HELLO: 10, HEARTBEAT_ACK: 11 };
const TOKEN_REFUSED = 4004;
const LONGEST_WAIT_MS = 10_000;

export class Gateway extends EventTarget {
  #token;
  #socket = null;
  #sequence = null;
  #heartbeat = null;
  #acknowledged = true;
  #failures = 0;
  #retry = null;

  /** The gateway session, which interactions must name; null before READY. */
  sessionId = null;
  state = "connecting";

  constructor(token) {
    super();
    this.#token = token;
    // A laptop that wakes up, or a network that comes back, should not wait for the timer.
    window.addEventListener("online", () => this.#retry && this.connect());
  }

  connect() {
    clearTimeout(this.#retry);
    this.#retry = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/gateway?v=10&encoding=json`);
    this.#socket = socket;
    socket.addEventListener("message", (event) => socket === this.#socket && this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  /** Hang up for good (the page is going away). */
  close() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#retry);
    socket?.close(1000);
  }

  #send(op, d) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ op, d }));
  }

  #receive({ op, d, s, t }) {
    if (typeof s === "number") this.#sequence = s;
    if (op === OP.DISPATCH) this.#dispatch(t, d);
    else if (op === OP.HELLO) this.#hello(d.heartbeat_interval);
    else if (op === OP.HEARTBEAT) this.#send(OP.HEARTBEAT, this.#sequence);
    else if (op === OP.HEARTBEAT_ACK) this.#acknowledged = true;
    else if (op === OP.RECONNECT) this.#drop();
    else if (op === OP.INVALID_SESSION) {
      if (!d) this.sessionId = this.#sequence = null;
      this.#drop();
    }
  }

  #hello(interval) {
    this.#acknowledged = true;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#beat(), interval);
    if (this.sessionId) {
      this.#send(OP.RESUME, { token: this.#token, session_id: this.sessionId, seq: this.#sequence });
    } else {
      const properties = { os: navigator.platform, browser: "Bobby playground", device: "", system_locale: navigator.language };
      this.#send(OP.IDENTIFY, { token: this.#token, properties, compress: false });
    }
  }

  #beat() {
    if (!this.#acknowledged) {
      this.#drop();
      return;
    }
    this.#acknowledged = false;
    this.#send(OP.HEARTBEAT, this.#sequence);
  }

  #dispatch(type, data) {
    if (type === "READY") this.sessionId = data.session_id;
    if (type === "READY" || type === "RESUMED") {
      this.#failures = 0;
      this.#setState("ready");
    }
    this.dispatchEvent(new CustomEvent("dispatch", { detail: { type, data } }));
  }

  /** Give this connection up and begin the next; any code but 1000 and 1001 keeps the session alive. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(4000);
    this.#closed(4000);
  }

  #closed(code) {
    clearInterval(this.#heartbeat);
    if (code === TOKEN_REFUSED) {
      this.#setState("refused");
      return;
    }
    if ([4007, 4009].includes(code)) this.sessionId = this.#sequence = null;
    this.#failures += 1;
    this.#setState("reconnecting");
    const wait = this.#failures === 1 ? 300 : Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(this.#failures, 6));
    this.#retry = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
