"""people.yaml says who may come in, and refuses what would let anybody in."""

from pathlib import Path

import pytest
import yaml

from fairwatch.console.access import actions
from fairwatch.console.people import People, Person, hash_password
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.access import shipped
from tests.support.console_world import HASH, PASSWORD, write_people


def person(**fields) -> dict:
    return {"name": "ann", "display_name": "Ann", "roles": ["reviewer"], "password_hash": HASH, **fields}


async def test_password_is_checked_against_the_hash(tmp_path: Path) -> None:
    people = People.load(write_people(tmp_path))
    found = await people.check("ann", PASSWORD)
    assert found is not None
    assert found.display_name == "Ann Bauer"
    assert await people.check("ann", PASSWORD + "x") is None
    assert await people.check("nobody", PASSWORD) is None


def test_own_hash_is_good_enough_for_the_file() -> None:
    assert Person(**person(password_hash=hash_password("a long enough one")))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password_hash": "secret"}, "no argon2 hash"),
        ({"password_hash": "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b27Lg"}, "too weak"),
        ({"roles": ["root"]}, "people.0.roles"),
        ({"roles": []}, "people.0.roles"),
        ({"name": "Ann Bauer"}, "people.0.name"),
        ({"pasword": "x"}, "people.0.pasword"),
    ],
)
def test_wrong_entry_is_named_without_its_secret(tmp_path: Path, change: dict, says: str) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(yaml.safe_dump({"people": [person(**change)]}))
    with pytest.raises(ConfigurationError, match=says) as caught:
        People.load(path)
    assert str(path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_same_name_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="once"):
        People([Person(**person()), Person(**person(display_name="Other"))])


@pytest.mark.parametrize("text", ["", "people: []"])
async def test_without_people_nobody_gets_in(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(text)
    assert await People.load(path).check("admin", "admin") is None


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"people\.yaml"):
        People.load(tmp_path / "people.yaml")


def test_short_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="12"):
        hash_password("short")


def test_only_reviewers_decide_and_admins_see_no_faces() -> None:
    assert shipped().roles_for("candidate.verify") == {"reviewer"}
    assert actions(Person(**person(roles=["admin"]))) == [
        "alert.silence", "health.view", "silence.view", "site.arm", "site.disarm", "site.view", "waiting.view",
    ]  # fmt: skip
