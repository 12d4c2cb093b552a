"""Checks a folder of configuration as a whole before it goes live, and fetches one from Git."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from fairwatch.apps import access, reference
from fairwatch.apps.keys import ANCHORS, read_anchors
from fairwatch.apps.retention import ceilings
from fairwatch.apps.settings import Settings
from fairwatch.apps.told_configuration import ORIGIN
from fairwatch.console.people import People
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.edges.device_index import load_devices
from fairwatch.matching import match_policy
from fairwatch.matching.models import FaceConfig
from fairwatch.policy import escalations, quiet, retention
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_faults import Places, rule_faults
from fairwatch.policy.unheard import unheard
from fairwatch.sinks.receivers import Receivers
from fairwatch.stores.git import Checkout, checkout

TRIES, PAUSE_S = 5, 2.0
TESTS = "*.test.yaml"  # of rules; `fairwatch rules test` reads them
WRITTEN = ".fetched"  # names of what `fetch` wrote into a folder


def faults(folder: Path) -> Iterator[str]:
    """Yield everything that is wrong with the files of a folder, each as a sentence that names the file.

    Secrets are not looked for, so that it can run where they are not: files are checked, what they point to is not.
    """
    readers: dict[str, Callable[[Path], object]] = {
        "routes.yaml": RouteTree.read,
        "receivers.yaml": lambda path: read_yaml(path, Receivers),
        quiet.FILE: quiet.Quiet.read,
        escalations.FILE: escalations.Escalations.read,
        "devices.yaml": lambda path: load_devices(path, secrets=False),
        "people.yaml": People.load,
        "models.yaml": FaceConfig.load,
        match_policy.FILE: match_policy.MatchPolicy.load,
        retention.FILE: lambda path: read_yaml(path, retention.Retention),
        ANCHORS: read_anchors,
        reference.FILE: reference.read_reference,
    }
    read: dict[str, object] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.match(TESTS):
            continue
        if path.name not in readers:
            yield f"{path}: nothing reads it; what is read: {', '.join(readers)}"
            continue
        try:
            read[path.name] = readers[path.name](path)
        except ConfigurationError as error:
            yield str(error)
    if (folder / access.FILE).exists():
        try:
            access.policies(Settings(config_dir=folder))
        except ConfigurationError as error:
            yield str(error)
    yield from _unknown_receivers(folder, read.get("routes.yaml"), read.get("receivers.yaml"))
    yield from _unsound_escalations(folder, read)
    yield from _unheard(folder, read)
    yield from _impossible_rules(folder, read.get("routes.yaml"), read.get(reference.FILE))
    yield from _contradicting_lifetimes(folder, read)


def _unknown_receivers(folder: Path, routes: object, receivers: object) -> Iterator[str]:
    if not isinstance(routes, RouteTree) or not isinstance(receivers, Receivers):
        return
    known = {receiver.name for receiver in receivers.receivers}
    for rule in routes.rules.values():
        for name in rule.receivers or ():
            if name not in known:
                yield f"{folder / 'routes.yaml'}: rule {rule.name!r} tells {name!r}, who is not in receivers.yaml"


def _unsound_escalations(folder: Path, read: Mapping[str, object]) -> Iterator[str]:
    """Yield what is wrong with schedules and policies, and which rules name one that is not there."""
    known, routes, receivers = (read.get(name) for name in (escalations.FILE, "routes.yaml", "receivers.yaml"))
    names = {receiver.name for receiver in receivers.receivers} if isinstance(receivers, Receivers) else None
    policies: set[str] = set()
    if isinstance(known, escalations.Escalations):
        policies.update(known.policies)
        for fault in known.faults(names, SystemClock().now()):
            yield f"{folder / escalations.FILE}: {fault}"
    for rule in routes.rules.values() if isinstance(routes, RouteTree) else ():
        if rule.escalation and rule.escalation not in policies:
            missing = f"escalation {rule.escalation!r}, which is no policy of {escalations.FILE}"
            yield f"{folder / 'routes.yaml'}: rule {rule.name!r} names {missing}"


def _unheard(folder: Path, read: Mapping[str, object]) -> Iterator[str]:
    """Yield what rules raise that nobody hears of, because all whom it is for hear of worse only."""
    known, routes, receivers = (read.get(name) for name in (escalations.FILE, "routes.yaml", "receivers.yaml"))
    if not isinstance(routes, RouteTree) or not isinstance(receivers, Receivers):
        return
    least = {receiver.name: receiver.min_severity for receiver in receivers.receivers}
    calls = known if isinstance(known, escalations.Escalations) else escalations.NONE
    for fault in unheard(routes.rules, calls, least, SystemClock().now()):
        yield f"{folder / 'routes.yaml'}: {fault}"


def _impossible_rules(folder: Path, routes: object, known: object) -> Iterator[str]:
    if not isinstance(routes, RouteTree):
        return
    records = known if isinstance(known, dict) else {}
    places = Places(records.get("sites") or None, records.get("devices") or None)
    for fault in rule_faults(routes, places):
        yield f"{folder / 'routes.yaml'}: {fault}"


def _contradicting_lifetimes(folder: Path, read: Mapping[str, object]) -> Iterator[str]:
    """Yield where retention.yaml asks for more than topics keep, or for less than people need to decide."""
    said, matching = read.get(retention.FILE), read.get(match_policy.FILE)
    if isinstance(said, retention.Retention):
        review = matching if isinstance(matching, match_policy.MatchPolicy) else match_policy.MatchPolicy()
        for fault in said.faults(ceilings(), review.review_s / 3600):
            yield f"{folder / retention.FILE}: {fault}"


def fetch(
    settings: Settings,
    repository: str,
    ref: str,
    path: str,
    target: Path,
    beside: Path | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Checkout:
    """Write the configuration of a commit into a folder, if nothing is wrong with it.

    What an earlier call wrote there and this commit no longer has is removed; other files stay.

    Args:
        settings: Hold the credentials.
        repository: Its address.
        ref: Tag, branch or commit id.
        path: Folder in the repository.
        target: Folder here.
        beside: Folder of further files, such as people.yaml and passwords, which are laid and checked with them.
        pause: Waits so many seconds between two tries.

    Raises:
        ConfigurationError: The repository, ref or path is wrong, or the files are; nothing was written.
        RetryableError: The repository did not answer for a while.
    """
    found = _patiently(settings, repository, ref, path, pause)
    with TemporaryDirectory() as folder:
        _write(found, beside, Path(folder))
        if wrong := [fault.replace(f"{folder}/", "") for fault in faults(Path(folder))]:
            raise ConfigurationError(f"commit {found.commit} of {repository} stays out: " + "; ".join(wrong))
    target.mkdir(parents=True, exist_ok=True)
    note = target / WRITTEN
    before = set(note.read_text("utf-8").splitlines()) if note.exists() else set()
    written = _write(found, beside, target)
    for name in before - written:
        (target / name).unlink(missing_ok=True)
    note.write_text("\n".join(sorted(written)), "utf-8")
    origin = {"commit": found.commit, "author": found.author, "signer": found.signer}
    (target / ORIGIN).write_text(json.dumps(origin), "utf-8")
    return found


def _patiently(settings: Settings, repository: str, ref: str, path: str, pause: Callable[[float], None]) -> Checkout:
    credentials = settings.git_username, settings.git_password.get_secret_value()
    for _ in range(TRIES - 1):
        try:
            return checkout(repository, ref, path, *credentials, signed_by=settings.git_signers)
        except RetryableError:
            pause(PAUSE_S)
    return checkout(repository, ref, path, *credentials, signed_by=settings.git_signers)


def _write(found: Checkout, beside: Path | None, folder: Path) -> set[str]:
    """Write the files into a folder and return their names; what lies beside comes last."""
    files = {
        name: content
        for name, content in found.files.items()
        if name.endswith((".yaml", ".ics")) or name in access.FILES
    }
    files |= {path.name: path.read_bytes() for path in (beside.iterdir() if beside else ()) if path.is_file()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return set(files)
