// Talks to the server that gave us this page, and to nobody else.

export class Refused extends Error {
  constructor(status, message, data) {
    super(message);
    this.status = status;
    this.data = data;
  }
}

// The server ended, or the machine is too busy to hear us.
export class NoAnswer extends Error {
  constructor(cause) {
    super("efface no longer answers. What you did is saved; start efface review again to go on.", { cause });
  }
}

// The answer to a question that early.js asked, or null. It serves once.
function early(path) {
  const answer = path === "/api/files" ? globalThis.earlyFiles : null;
  if (answer) globalThis.earlyFiles = null;
  return answer ?? null;
}

async function asked(path, options) {
  try {
    const response = await (early(path) ?? fetch(path, { ...options, cache: "no-store" }));
    return answered(response, await response.text());
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new NoAnswer(error);
  }
}

function answered(response, text) {
  let data = {};
  try {
    data = JSON.parse(text);
  } catch {
    data = { error: text.trim() };
  }
  if (!response.ok) throw new Refused(response.status, data.error || `The server answered ${response.status}.`, data);
  return data;
}

export function get(path) {
  return asked(path, {});
}

export function post(path, body) {
  const headers = { "content-type": "application/json" };
  return asked(path, { method: "POST", headers, body: JSON.stringify(body) });
}

// A picture with the headers of the answer.
export async function picture(path) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store" });
  } catch (error) {
    throw new NoAnswer(error);
  }
  if (!response.ok) answered(response, await response.text());
  return { blob: await response.blob(), headers: response.headers };
}

// A piece of a file, as bytes.
export function put(path, blob) {
  return asked(path, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: blob });
}

// Every event of the server, for as long as the page is open. `lost` is called when it does not answer, `back` when it does again.
export function listen(hear, lost, back) {
  const source = new EventSource("/api/events");
  source.onmessage = (message) => hear(JSON.parse(message.data));
  source.onerror = lost;
  source.onopen = back;
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  return source;
}
