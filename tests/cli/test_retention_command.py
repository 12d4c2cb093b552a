"""`fairwatch retention show` and `config check --hub`: what holds, and what an authorisation does not allow."""

import orjson
import pytest
from typer.testing import CliRunner

from fairwatch.apps import retention
from fairwatch.apps import settings as settings_module
from fairwatch.cli import retention as command
from fairwatch.cli.main import EXIT_CONFIGURATION, build
from fairwatch.domain.clock import SystemClock
from tests.support.watchlist import HOUR, authorisation


@pytest.fixture
def run(tmp_path, monkeypatch):
    until = SystemClock().now() + HOUR
    topics = {
        "authorisations": {"auth-1": authorisation(retention_hours=24, valid_until=until)}, "legal-holds": {},
    }  # fmt: skip
    for module in (retention, command):
        monkeypatch.setattr(module, "latest", lambda _, name: topics[name])
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    settings_module.settings.cache_clear()

    def given(text, *arguments):
        (tmp_path / "retention.yaml").write_text(text)
        return CliRunner().invoke(build([arguments[0]]), list(arguments))

    yield given
    settings_module.settings.cache_clear()


def test_what_holds_is_shown_with_who_says_so(run):
    said = run("lists: {auth-1: {picture: 12h}}", "retention", "show", "--json")
    rows = {(row["what"], row["of"]): row for row in map(orjson.loads, said.stdout.splitlines())}
    assert said.exit_code == 0
    assert rows["picture", "list auth-1"]["why"] == "retention.yaml, lists.auth-1.picture"
    assert rows["candidate", "list auth-1"] | {"how": ""} == {
        "what": "candidate", "of": "list auth-1", "hours": 24, "why": "the authorisation", "how": "",
    }  # fmt: skip
    assert "who says so" in run("lists: {auth-1: {picture: 12h}}", "retention", "show").stdout


def test_what_an_authorisation_does_not_allow_is_refused_where_the_hub_is_asked(run):
    longer = "lists: {auth-1: {candidate: 48h}}"
    assert run(longer, "config", "check").exit_code == 0
    for arguments in (("config", "check", "--hub"), ("retention", "show")):
        found = run(longer, *arguments)
        assert found.exit_code == EXIT_CONFIGURATION
        assert "longer than the authorisation auth-1 allows, 24 h" in " ".join(found.stderr.split())
