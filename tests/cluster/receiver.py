"""A control room: counts deliveries by their id, so that the same one twice is seen; GET tells. Runs in a pod."""

import json
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DELIVERIES: Counter[str] = Counter()
ALERTS: dict[str, set[str]] = defaultdict(set)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        alert = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        DELIVERIES[self.headers["webhook-id"]] += 1
        for device in alert["device_ids"]:
            if device.startswith("camera-"):
                ALERTS[device].add(alert["alert_id"])
        self._answer(b"")

    def do_GET(self):
        twice = sum(count - 1 for count in DELIVERIES.values())
        answer = {"delivered": len(DELIVERIES), "twice": twice, "cameras": len(ALERTS)}
        answer["camera_alerts"] = sum(map(len, ALERTS.values()))
        self._answer(json.dumps(answer).encode())

    def log_message(self, *_):
        """Say nothing."""

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
