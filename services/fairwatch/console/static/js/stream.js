// One stream of changes for all pages of a browser: it lets only six connections to a server be open at once.
// A page that cannot share asks every two seconds instead.

const NAME = "fairwatch-changes";
const RETRY_MS = 2000;
const POLL_MS = 2000;

// Calls `changed` on each change, `state(word)` with "live", "lost" or "polling", `signedOut` when the session is over.
export function follow(hear) {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
  const end = new AbortController();
  let source = null;
  let last = "";
  const said = (message) => {
    if (end.signal.aborted) return;
    if (message.kind === "state") hear.state(message.word);
    if (message.kind === "change") hear.changed();
    if (message.kind === "signed-out") hear.signedOut();
    if (message.kind === "who" && source) channel?.postMessage({ kind: "state", word: last });
  };
  const tell = (message) => {
    if (message.kind === "state") last = message.word;
    if (!end.signal.aborted) channel?.postMessage(message);
    said(message);
  };
  const listen = () => {
    if (end.signal.aborted) return;
    source = new EventSource("/api/stream");
    source.addEventListener("open", () => tell({ kind: "state", word: "live" }));
    source.addEventListener("change", () => tell({ kind: "change" }));
    source.addEventListener("signed-out", () => tell({ kind: "signed-out" }));
    source.addEventListener("error", () => {
      tell({ kind: "state", word: "lost" });
      if (source?.readyState === EventSource.CLOSED) setTimeout(() => hear.check().then(listen, listen), RETRY_MS);
    });
  };
  const lead = () => new Promise((release) => {
    end.signal.addEventListener("abort", release);
    listen();
  });
  let polling = 0;
  if (channel && navigator.locks) {
    channel.addEventListener("message", (event) => said(event.data));
    channel.postMessage({ kind: "who" });
    navigator.locks.request(NAME, { signal: end.signal }, lead).catch(() => {});
  } else {
    hear.state("polling");
    polling = setInterval(hear.changed, POLL_MS);
  }
  return () => {
    end.abort();
    clearInterval(polling);
    source?.close();
    source = null;
    channel?.close();
  };
}
