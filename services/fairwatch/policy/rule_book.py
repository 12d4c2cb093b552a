"""Which rules hold now, and which held before: the newest published ones, else those of the file.

Every worker reads the same topic, so all of them are at the same rules within the time that a record takes to come.
Alerts that are open keep the rules they began under; for their ends the rules before the newest are kept, too.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import structlog
import yaml
from pydantic import ValidationError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import Reference
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.telemetry import metrics

KEPT = 5  # earlier rules that are asked about ends
LARGEST = 1 << 20  # characters
NONE: Mapping[str, Any] = {"number": 0, "rule_set_id": ""}  # stands for what was published where nothing was

log = structlog.get_logger()


def read_rules(text: str) -> RouteTree:
    """Return the tree of rules that travel as text.

    Raises:
        ConfigurationError: They are too large, no YAML, or not right.
    """
    if len(text) > LARGEST:
        raise ConfigurationError(f"the rules have more than {LARGEST:,} characters")
    try:
        return RouteTree(Routes.model_validate(yaml.safe_load(text)))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"the rules cannot be read: {' '.join(str(error).split())[:500]}") from error


def order_of(record: Mapping[str, Any]) -> tuple[int, int, str]:
    """Return by what published rules are put in order, the same everywhere: of one number the last one holds."""
    return record["number"], record.get("published_at", 0), record["rule_set_id"]


class RuleBook:
    """The rules of one worker.

    Args:
        file: Those of its own file, which hold until any are published.
        sets: What was published, by id; None for nothing ever.
    """

    def __init__(self, file: RouteTree, sets: Reference | None = None) -> None:
        self._file = file
        self._sets = sets
        self._seen: int | None = None
        self._trees: dict[str, RouteTree] = {}
        self._newest: RouteTree = file
        self._number = 0
        self._token: str | None = None
        self._is_shared = False
        self._identity = ""
        self._earlier: Sequence[RouteTree] = ()
        self._unwatched: Sequence[tuple[RouteTree, frozenset[str]]] = ()

    @property
    def tree(self) -> RouteTree:
        """The rules that hold."""
        self._look()
        return self._newest

    @property
    def number(self) -> int:
        """Of the rules that hold; 0 for those of the file."""
        self._look()
        return self._number

    @property
    def token(self) -> str:
        """What tells these rules from others: the number, or for a file a hash of what it says.

        Two people who publish at the same time give the same number, so that it does not tell theirs apart.
        """
        self._look()
        if self._newest is not self._file:
            return f"{self._number}-{self._identity}" if self._is_shared else str(self._number)
        if self._token is None:
            self._token = f"file-{blake2b(repr(self._file.routes).encode(), digest_size=6).hexdigest()}"
        return self._token

    @property
    def earlier(self) -> Sequence[RouteTree]:
        """Rules that held before, newest first; those of the file are the last."""
        self._look()
        return self._earlier

    @property
    def unwatched(self) -> Sequence[tuple[RouteTree, frozenset[str]]]:
        """Earlier rules with the names of those of what is not heard that ask for something else now, or are gone."""
        self._look()
        return self._unwatched

    def armed(self, name: str, local: datetime, armed: bool = True) -> bool:
        """Tell whether a local time, at a site that is armed or not, lies within the times of a rule."""
        return self.tree.armed(name, local, armed)

    def _look(self) -> None:
        if self._sets is None or self._sets.version == self._seen:
            return
        self._seen = self._sets.version
        records = sorted((record for _, record in self._sets.items()), key=order_of, reverse=True)
        found = [(record, tree) for record in records[: KEPT + 1] if (tree := self._tree(record)) is not None]
        kept = {record["rule_set_id"] for record in records[: KEPT + 1]}
        self._trees = {identity: tree for identity, tree in self._trees.items() if identity in kept}
        record, newest = found[0] if found else (NONE, self._file)
        number = record["number"]
        self._is_shared = sum(one["number"] == number for one in records) > 1
        if (number, record["rule_set_id"]) != (self._number, self._identity):
            log.info("rules.changed", number=number, rules=len(newest.rules))
        self._number, self._identity, self._newest = number, record["rule_set_id"], newest
        earlier = [tree for _, tree in found[1:] if tree is not newest]
        self._earlier = (*earlier, self._file) if newest is not self._file else tuple(earlier)
        found_changed = ((tree, _changed(tree, newest)) for tree in self._earlier)
        self._unwatched = [(tree, names) for tree, names in found_changed if names]
        metrics.RULES_NUMBER.set(number)

    def _tree(self, record: Mapping[str, Any]) -> RouteTree | None:
        identity = record["rule_set_id"]
        if not record["routes"]:
            return self._file
        if identity not in self._trees:
            try:
                self._trees[identity] = read_rules(record["routes"])
            except ConfigurationError as error:  # of a newer release: what held goes on to hold
                log.warning("rules.unreadable", number=record["number"], error=str(error))
                return None
        return self._trees[identity]


def _changed(before: RouteTree, now: RouteTree) -> frozenset[str]:
    """Return the rules of what is not heard that ask for something else now, or are gone."""
    names = {absent.name for absent in now.routes.absent}
    return frozenset(
        absent.name
        for absent in before.routes.absent
        if absent.name not in names
        or now.matches[absent.name] != absent.match
        or now.rules[absent.name].group_by != before.rules[absent.name].group_by
    )
