"""Rights and quotas of the components, on an authorizer in memory; `test_secured_access.py` has a real one."""

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern
from kafka.admin import ResourceType as Kind
from kafka.errors import (
    ClusterAuthorizationFailedError,
    NotControllerError,
    SecurityDisabledError,
    TopicAuthorizationFailedError,
)
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest

from fairwatch.apps.topics_access import deployments, flows
from fairwatch.apps.topics_acls import EVERYBODY, access_differences, apply_access, principals
from fairwatch.domain.errors import ConfigurationError, RetryableError

PATTERN = "User:fairwatch-{component}"
PREFIX = "here-"


class Authorizer:
    """The admin client of a broker that keeps ACLs and quotas, as kafka-python gives it."""

    def __init__(self) -> None:
        self.acls: set[tuple[str, Kind, str, ACLOperation]] = set()
        self.beginnings: set[str] = set()  # names of which a right is one on all that begin so
        self.quotas: dict[str, dict[str, float]] = {}
        self.failure: Exception | None = None
        self.quota_error = 0
        self.delete_error = 0
        self._manager = SimpleNamespace(run=self._run, send=None)

    def describe_acls(self, wanted: ACLFilter) -> tuple[list[ACL], Any]:
        if self.failure is not None:
            raise self.failure
        assert wanted.resource_pattern.pattern_type == ACLResourcePatternType.ANY, "or a right is overlooked"
        found = [
            ACL(who, "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name, self._pattern(kind, name)))
            for who, kind, name, operation in sorted(self.acls)
            if kind == wanted.resource_pattern.resource_type
        ]
        return found, None

    def _pattern(self, kind: Kind, name: str) -> ACLResourcePatternType:
        begins = kind == Kind.TRANSACTIONAL_ID or name in self.beginnings
        return ACLResourcePatternType.PREFIXED if begins else ACLResourcePatternType.LITERAL

    def create_acls(self, acls: list[ACL]) -> dict[str, list[Any]]:
        self.acls |= {_row(acl) for acl in acls}
        return {"failed": []}

    def delete_acls(self, filters: list[ACLFilter]) -> list[tuple[Any, Any, Any]]:
        self.acls -= {_row(one) for one in filters}
        return [(one, [], TopicAuthorizationFailedError if self.delete_error else _NoError) for one in filters]

    def _run(self, _: Any, request: Any) -> Any:
        if not isinstance(request, AlterClientQuotasRequest):
            entries = [
                SimpleNamespace(
                    entity=[SimpleNamespace(entity_name=user)],
                    values=[SimpleNamespace(key=key, value=value) for key, value in limits.items()],
                )
                for user, limits in self.quotas.items()
            ]
            return SimpleNamespace(error_code=self.quota_error, error_message="no", entries=entries)
        for entry in request.entries:
            limits = self.quotas.setdefault(entry.entity[0].entity_name, {})
            limits.update({operation.key: operation.value for operation in entry.ops})
        return SimpleNamespace(entries=[SimpleNamespace(error_code=0, error_message=None)])


class _NoError:
    errno = 0


def _row(acl: Any) -> tuple[str, Kind, str, ACLOperation]:
    return acl.principal, acl.resource_pattern.resource_type, acl.resource_pattern.resource_name, acl.operation


@pytest.fixture
def admin() -> Authorizer:
    return Authorizer()


def test_what_is_applied_is_all_that_was_missing(admin: Authorizer) -> None:
    missing = access_differences(admin, PATTERN, PREFIX)
    assert {change.action for change in missing} == {"allow", "limit"}
    assert {change.resource for change in missing} == {f"User:fairwatch-{name}" for name in deployments()}
    apply_access(admin, missing)
    assert access_differences(admin, PATTERN, PREFIX) == []
    assert ("User:fairwatch-enrich", Kind.TOPIC, "here-observations", ACLOperation.READ) in admin.acls
    assert ("User:fairwatch-enrich", Kind.GROUP, "here-fairwatch-enrich", ACLOperation.READ) in admin.acls
    assert not {operation for _, _, name, operation in admin.acls if name == "here-raw-events"} >= {ACLOperation.ALTER}
    assert admin.quotas["fairwatch-enrich"].keys() == flows()["enrich"].quotas().keys()


def test_each_part_of_the_lists_is_allowed_a_group_and_a_state_of_its_own(admin: Authorizer) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    more = access_differences(admin, PATTERN, PREFIX, list_parts=2)
    assert {change.resource for change in more} == {f"User:fairwatch-match-shard-{number}-of-2" for number in (1, 2)}
    apply_access(admin, more)
    assert access_differences(admin, PATTERN, PREFIX, list_parts=2) == []
    first = {row[1:] for row in admin.acls if row[0] == "User:fairwatch-match-shard-1-of-2"}
    assert (Kind.GROUP, "here-fairwatch-match-shard-1-of-2", ACLOperation.READ) in first
    assert (Kind.TOPIC, "here-fairwatch-match-shard-1-of-2-state", ACLOperation.WRITE) in first
    assert not [name for _, name, _ in first if name.startswith("here-fairwatch-match-state")]


def test_a_right_too_many_is_left_to_people_until_it_is_to_be_revoked(admin: Authorizer) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    too_many = ("User:fairwatch-notify", Kind.TOPIC, "here-watchlist-entries", ACLOperation.WRITE)
    others = {
        ("User:somebody", Kind.TOPIC, "here-alerts", ACLOperation.READ),
        ("User:fairwatch-notify", Kind.TOPIC, "there-alerts", ACLOperation.READ),
    }
    admin.acls |= {too_many, *others}
    [left] = access_differences(admin, PATTERN, PREFIX)
    assert (left.action, left.resource, left.what) == ("by hand", too_many[0], "topic here-watchlist-entries")
    assert "--revoke takes it away" in left.advice
    apply_access(admin, [left])
    assert too_many in admin.acls
    [revoked] = access_differences(admin, PATTERN, PREFIX, revoke=True)
    assert (revoked.action, revoked.before, revoked.advice) == ("revoke", "Write", "")
    apply_access(admin, [revoked])
    assert too_many not in admin.acls
    assert admin.acls >= others, "those of others, and of another release on the same broker, stay"


@pytest.mark.parametrize(
    ("kind", "name", "begins", "what"),
    [
        (Kind.TOPIC, "*", False, "topic *"),
        (Kind.TOPIC, "here-", True, "topics here-"),
        (Kind.TOPIC, "h", True, "topics h"),
        (Kind.GROUP, "here-fairwatch-", True, "groups here-fairwatch-"),
    ],
)
def test_a_right_on_all_topics_or_groups_is_one_too_many(
    admin: Authorizer, kind: Kind, name: str, begins: bool, what: str
) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    wide = ("User:fairwatch-notify", kind, name, ACLOperation.WRITE)
    admin.acls.add(wide)
    admin.beginnings |= {name} if begins else set()
    [found] = access_differences(admin, PATTERN, PREFIX)
    assert (found.action, found.resource, found.what, found.before) == ("by hand", wide[0], what, "Write")
    apply_access(admin, access_differences(admin, PATTERN, PREFIX, revoke=True))
    assert wide not in admin.acls


def test_what_everybody_may_change_is_told_and_left_to_people(admin: Authorizer) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    told = {
        ("User:*", Kind.TOPIC, "here-verifications", ACLOperation.WRITE),
        ("User:*", Kind.TOPIC, "*", ACLOperation.ALL),
    }
    nothing = {
        ("User:*", Kind.TOPIC, "here-alerts", ACLOperation.READ), ("User:*", Kind.TOPIC, "there", ACLOperation.WRITE),
    }  # fmt: skip
    admin.acls |= told | nothing
    found = access_differences(admin, PATTERN, PREFIX, revoke=True)
    assert [(one.action, one.resource, one.what, one.before) for one in found] == [
        ("by hand", EVERYBODY, "topic *", "All"), ("by hand", EVERYBODY, "topic here-verifications", "Write"),
    ]  # fmt: skip


def test_a_quota_that_was_changed_by_hand_is_set_again(admin: Authorizer) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    key = next(iter(admin.quotas["fairwatch-route"]))
    admin.quotas["fairwatch-route"][key] = 7.0
    [change] = access_differences(admin, PATTERN, PREFIX)
    assert (change.action, change.resource, change.what, change.before) == ("limit", "User:fairwatch-route", key, "7")
    assert change.after == str(flows()["route"].quotas()[key])


@pytest.mark.parametrize("pattern", ["fairwatch-{component}", "User:fairwatch", ""])
def test_a_pattern_that_names_no_principal_of_each_component_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="is not of the form User:fairwatch-"):
        principals(pattern)


@pytest.mark.parametrize(
    ("failure", "error", "says"),
    [
        (SecurityDisabledError(), ConfigurationError, "the broker has no authorizer"),
        (ClusterAuthorizationFailedError(), ConfigurationError, "our user needs Alter, Describe"),
        (NotControllerError(), RetryableError, "cannot be described"),
    ],
)
def test_a_broker_that_does_not_let_us_look_is_told_apart(
    admin: Authorizer, failure: Exception, error: type[Exception], says: str
) -> None:
    admin.failure = failure
    with pytest.raises(error, match=says):
        access_differences(admin, PATTERN, PREFIX)


def test_quotas_that_we_may_not_see_and_rights_that_we_may_not_revoke_are_said(admin: Authorizer) -> None:
    apply_access(admin, access_differences(admin, PATTERN, PREFIX))
    admin.quota_error = ClusterAuthorizationFailedError.errno
    with pytest.raises(ConfigurationError, match="cannot be described"):
        access_differences(admin, PATTERN, PREFIX)
    admin.quota_error, admin.delete_error = 0, 1
    admin.acls.add(("User:fairwatch-notify", Kind.TOPIC, "here-people", ACLOperation.WRITE))
    with pytest.raises(ConfigurationError, match="cannot be applied"):
        apply_access(admin, access_differences(admin, PATTERN, PREFIX, revoke=True))
