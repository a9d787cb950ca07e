// Talks to the server that gave us this page, and to nobody else.

export class Refused extends Error {
  constructor(status, message, data) {
    super(message);
    this.status = status;
    this.data = data;
  }
}

async function answered(response) {
  const text = await response.text();
  let data = {};
  try {
    data = JSON.parse(text);
  } catch {
    data = { error: text.trim() };
  }
  if (!response.ok) throw new Refused(response.status, data.error || `The server answered ${response.status}.`, data);
  return data;
}

export async function get(path) {
  return answered(await fetch(path, { cache: "no-store" }));
}

export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body), cache: "no-store" }));
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
