"""Valid records for tests: the defaults are dull, a test states only what it is about."""

import hashlib
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.policy.silencing import HOUR

AT = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z, a Thursday


def observation(
    event_type: str = "line.crossed", device_id: str = "cam-1", *, n: int = 0, **fields: Any
) -> dict[str, Any]:
    at = fields.pop("at", AT)
    return {
        "observation_id": stable_id("observation", device_id, event_type, n),
        "event_type": event_type,
        "device_id": device_id,
        "source": {"format": "onvif-event"},
        "occurred_at": at,
        "received_at": at,
        **fields,
    }


def sighting(
    event_type: str = "line.crossed", device_id: str = "cam-1", *, n: int = 0, **fields: Any
) -> dict[str, Any]:
    """Return a Sighting; keys of the observation are given as `observation={...}`."""
    at = fields.get("occurred_at", AT)
    seen = observation(event_type, device_id, n=n, at=at, **fields.pop("observation", {}))
    return {
        "sighting_id": stable_id("sighting", seen["observation_id"]),
        "observation": seen,
        "occurred_at": at,
        "device_known": True,
        "device_name": f"Camera {device_id}",
        "site_id": "harbour",
        "site_name": "Harbour Station",
        "time_zone": "UTC",
        **fields,
    }


def candidate(kind: str = "PLATE", *, n: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "candidate_id": stable_id("candidate", kind, n),
        "entry_id": "entry-1",
        "entry_title": "Stolen blue saloon",
        "authorisation_id": "auth-1",
        "kind": kind,
        "sighting_id": f"sighting-{n}",
        "observation_id": f"observation-{n}",
        "device_id": "cam-1",
        "device_name": "Camera 1",
        "site_id": "harbour",
        "site_name": "Harbour Station",
        "occurred_at": AT,
        "received_at": AT,
        "matched_at": AT,
        "score": 0.97,
        "threshold": 0.8,
        "threshold_policy": "plate-v1",
        "algorithm": "plate-v1",
        "gallery_version": "g1",
        "gallery_size": 1,
        "expires_at": AT + 3_600_000_000,
        "required_verifications": 2 if kind == "FACE" else 0,
        **fields,
    }


def verdict(
    kind: str = "PLATE", outcome: str = "CONFIRMED", *, n: int = 0, people: tuple[str, ...] = (), **fields: Any
) -> dict[str, Any]:
    """Return a Verdict on a fresh candidate; `people` said MATCH."""
    about = candidate(kind, n=n, **fields)
    return {
        "verdict_id": stable_id("verdict", about["candidate_id"], outcome),
        "candidate_id": about["candidate_id"],
        "outcome": outcome,
        "decided_at": about["occurred_at"],
        "verifications": [_verification(about["candidate_id"], p) for p in people],
        "candidate": about,
    }


def _verification(candidate_id: str, reviewer: str) -> dict[str, Any]:
    return {
        "verification_id": stable_id("verification", candidate_id, reviewer),
        "candidate_id": candidate_id,
        "reviewer": reviewer,
        "role": "verifier",
        "decision": "MATCH",
        "decided_at": AT,
    }


def trigger(group: str = "tamper:cam-1", *, n: int = 0, **fields: Any) -> dict[str, Any]:
    """Return an Alert as `route` writes it."""
    at = fields.pop("at", AT)
    return {
        "alert_id": stable_id("trigger", group, n),
        "group": group,
        "revision": 0,
        "state": "NEW",
        "rule": "tamper",
        "event_type": "tamper.scene_change",
        "title": "Camera tampered with",
        "severity": "MODERATE",
        "receivers": ["control-room"],
        "started_at": at,
        "updated_at": at,
        "received_at": at,
        "issued_at": at,
        "triggers": [f"sighting-{n}"],
        "device_ids": ["cam-1"],
        **fields,
    }


def raw_event(body: bytes, device_id: str = "cam-1", **fields: Any) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    return {
        "raw_id": stable_id("raw", device_id, "http", digest),
        "device_id": device_id,
        "gateway": "http",
        "transport": "http",
        "received_at": AT,
        "sha256": digest,
        "size": len(body),
        "body": body,
        **fields,
    }


def device(device_id: str = "cam-1", **fields: Any) -> dict[str, Any]:
    return {"device_id": device_id, "name": f"Camera {device_id}", "site_id": "harbour", **fields}


def site(site_id: str = "harbour", **fields: Any) -> dict[str, Any]:
    return {"site_id": site_id, "name": "Harbour Station", "time_zone": "Europe/Berlin", **fields}


def audit_record(n: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "audit_id": stable_id("audit", n),
        "action": "verification.given",
        "actor": f"person-{n % 3}",
        "at": AT + n,
        "subject": f"candidate-{n}",
        "authorisation_id": "auth-1",
        "details": {"decision": "MATCH"},
        **fields,
    }


# What makes a trigger one of a face that two people have confirmed.
CONFIRMED_FACE = {
    "event_type": "watchlist.face",
    "candidate_id": "c-1",
    "entry_id": "e-1",
    "authorisation_id": "a-1",
    "verified_by": ["ann", "bo"],
    "parameters": {"kind": "FACE", "required_verifications": "2"},
}


def silence(**fields: Any) -> dict[str, Any]:
    """Return the silence of an hour."""
    return {
        "silence_id": "s",
        "author": "bo",
        "role": "operator",
        "reason": "works",
        "matchers": ['rule="tamper"'],
        "starts_at": AT,
        "expires_at": AT + HOUR,
        **fields,
    }
