// Talks to the console's own server; remembers the token that every write must carry.

let csrf = "";
const WAIT_MS = 10000;
const PULSE_MS = 2500;
const LINEAGE_MS = 70000;
let whenSignedOut = () => {};

export class ApiError extends Error {
  constructor(status, word, message) {
    super(message);
    this.status = status;
    this.word = word;
  }
}

export function onSignedOut(action) {
  whenSignedOut = action;
}

async function call(method, path, body, wait = WAIT_MS) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(wait) });
  } catch {
    throw new ApiError(0, "offline", "The console does not answer. Check the network, then try again.");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  if (response.status === 401 && said.error === "signed_out") whenSignedOut();
  throw new ApiError(response.status, said.error || "", said.message || `The console answered ${response.status}.`);
}

const read = async (path) => (await call("GET", path)).json();

function remember(me) {
  csrf = me.csrf;
  return me;
}

export const me = async () => remember(await read("/api/me"));
export const signIn = async (name, password) => remember(await (await call("POST", "/api/session", { name, password })).json());
export const signOut = () => call("DELETE", "/api/session");
export const alerts = (state) => read(`/api/alerts?limit=200&state=${state}`);
export const alert = async (id) => ({ ...(await read(`/api/alerts/${encodeURIComponent(id)}`)), answered_at: performance.now() });
export const causes = async (id, page) => (await call("GET", `/api/alerts/${encodeURIComponent(id)}/causes?limit=100&page=${page}`, undefined, LINEAGE_MS)).json();
export const lineage = async (id) => (await call("GET", `/api/alerts/${encodeURIComponent(id)}/lineage`, undefined, LINEAGE_MS)).json();
export const candidates = (state) => read(`/api/candidates?limit=200&state=${state}`);
export const candidate = (id) => read(`/api/candidates/${encodeURIComponent(id)}`);
export const incidents = (state) => read(`/api/incidents?limit=200&state=${state}`);
export const incident = (id) => read(`/api/incidents/${encodeURIComponent(id)}`);
export const actOnIncident = (id, deed) => call("POST", `/api/incidents/${encodeURIComponent(id)}/actions`, deed);
export const pulse = async () => (await call("GET", "/api/pulse", undefined, PULSE_MS)).json();
export const act = (id, deed) => call("POST", `/api/alerts/${encodeURIComponent(id)}/actions`, deed);
export const colleagues = async () => (await read("/api/people")).people;
export const onCall = () => read("/api/oncall");
export const silences = () => read("/api/silences");
export const previewSilence = async (matchers) => (await call("POST", "/api/silences/preview", { matchers })).json();
export const addSilence = (wish) => call("POST", "/api/silences", wish);
export const agree = (id) => call("POST", `/api/silences/${encodeURIComponent(id)}/approve`, {});
export const expire = (id) => call("POST", `/api/silences/${encodeURIComponent(id)}/expire`, {});
export const waiting = () => read("/api/waiting");
export const waitingFor = (kind, id) => read(`/api/waiting/${kind}/${encodeURIComponent(id)}`);
export const decideWaiting = (kind, id, said) => call("POST", `/api/waiting/${kind}/${encodeURIComponent(id)}`, said, LINEAGE_MS); // a long list takes a while
export const sites = () => read("/api/sites");
export const arm = (id, said) => call("POST", `/api/sites/${encodeURIComponent(id)}/arm`, said);
export const disarm = (id, said) => call("POST", `/api/sites/${encodeURIComponent(id)}/disarm`, said);
export const audit = async (wish) => (await call("GET", `/api/audit?${new URLSearchParams(wish)}`, undefined, LINEAGE_MS)).json();
export const health = () => read("/api/health");

export function decide(id, decision, reason, because) {
  return call("POST", `/api/candidates/${encodeURIComponent(id)}/verifications`, { decision, reason, because });
}

export async function picture(sha256) {
  return (await call("GET", `/api/media/${sha256}`)).blob();
}

export async function waitingPicture(kind, id, sha256) {
  return (await call("GET", `/api/waiting/${kind}/${encodeURIComponent(id)}/media/${sha256}`)).blob();
}
