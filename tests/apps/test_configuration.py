"""Configuration is checked before it is live, comes from Git, and brings sites and devices to their topics."""

import base64
import shutil
import threading
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain
from pydantic import SecretStr

from fairwatch.apps import configuration, reference
from fairwatch.apps.demo.stage import CONFIG
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.told_configuration import ORIGIN, origin_of
from fairwatch.domain.errors import ConfigurationError, RetryableError

SITE = {"site_id": "harbour", "name": "Harbour Station", "time_zone": "Europe/Berlin"}
DEVICE = {"device_id": "cam-1", "name": "Platform 1", "site_id": "harbour", "formats": ["hikvision-isapi"]}
REFERENCE = f"sites: [{SITE}]\ndevices: [{DEVICE}]\n"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def served(folder, password=""):
    """Run a real Git server over HTTP that may want a password."""
    git = make_wsgi_chain(DictBackend({"/site.git": Repo(str(folder))}))
    wanted = "Basic " + base64.b64encode(f"hub:{password}".encode()).decode()

    def guarded(environ, start_response):
        if password and environ.get("HTTP_AUTHORIZATION") != wanted:
            start_response("401 Unauthorized", [("WWW-Authenticate", "Basic")])
            return [b""]
        return git(environ, start_response)

    with make_server("127.0.0.1", 0, guarded, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/site.git"
        server.shutdown()
        thread.join()


@pytest.fixture
def repository(tmp_path):
    """Give a repository whose tag v1 is right and whose main branch is not, and the commits of both."""
    folder = tmp_path / "repository"
    repo = porcelain.init(str(folder))
    site = folder / "sites" / "one"
    shutil.copytree(CONFIG, site)
    (site / "reference.yaml").write_text(REFERENCE)
    (site / "README.md").write_text("for people")
    who = b"Operator <operator@example.org>"
    commits = []
    for tag, change in (("v1", ""), ("", "\nsurprise: 1\n")):
        with (site / "receivers.yaml").open("a") as file:
            file.write(change)
        porcelain.add(repo, [str(path) for path in site.iterdir()])
        commits.append(porcelain.commit(repo, message=b"configuration", author=who, committer=who).decode())
        if tag:
            porcelain.tag_create(repo, tag, author=who, message=b"first", annotated=True)
    repo.close()
    return folder, commits


def test_what_the_demo_runs_on_is_right():
    assert list(configuration.faults(CONFIG)) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("routes.yaml", "route: {receivers: [nobody], routes: [{name: all}]}", "'nobody', who is not in receivers"),
        ("routes.yaml", "route: {receivers: [control-room], rutes: []}", "route.rutes"),
        ("people.yaml", "people: [", "people.yaml: cannot be read"),
        ("rotes.yaml", "{}", "nothing reads it; what is read: routes.yaml"),
        ("devices.yaml", "devices: [{device_id: x, format: unheard-of}]", "devices.yaml: "),
        ("reference.yaml", "sites: [{site_id: a, name: 1}]", "sites[0]: Site.name 1 is no string"),
        ("reference.yaml", f"sites: [{SITE}, {SITE}]", "site_id 'harbour' is there twice"),
        ("reference.yaml", "zones: []", "zones"),
    ],
)
def test_each_fault_is_a_sentence_that_names_the_file(tmp_path, name, content, said):
    folder = shutil.copytree(CONFIG, tmp_path / "config")
    (folder / name).write_text(content)
    found = list(configuration.faults(folder))
    assert len(found) == 1, found
    assert said in found[0]
    assert str(folder / name) in found[0]


def test_secrets_need_not_be_there(tmp_path):
    (tmp_path / "receivers.yaml").write_text(
        "receivers: [{name: room, webhook: {url_env: NOT_SET_HERE, secret_env: NOR_THIS}}]"
    )
    (tmp_path / "devices.yaml").write_text(
        "devices: [{device_id: p, format: gat1400, digest: {username: p, password_env: NOR_THAT}}]"
    )
    assert list(configuration.faults(tmp_path)) == []


@pytest.mark.parametrize("ref", ["v1", 0])
def test_a_tag_or_commit_is_written_without_what_is_no_configuration(repository, tmp_path, ref):
    folder, commits = repository
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "people.yaml").write_text("people: []")
    (beside / "platform-password").write_text("word")
    with served(folder, "correct horse") as url:
        settings = Settings(git_username="hub", git_password=SecretStr("correct horse"))
        name = commits[ref] if isinstance(ref, int) else ref
        found = configuration.fetch(settings, url, name, "sites/one", tmp_path / "live", beside)
    assert found.commit == commits[0]
    expected = {path.name for path in CONFIG.glob("*.yaml")} | {"reference.yaml", "people.yaml", "platform-password"}
    assert {path.name for path in (tmp_path / "live").iterdir()} == expected | {configuration.WRITTEN, ORIGIN}
    assert origin_of(tmp_path / "live") == {"by commit": commits[0], "by author": "Operator <operator@example.org>"}


def test_a_whole_commit_id_is_that_commit_though_a_tag_or_branch_of_that_name_leads_elsewhere(repository, tmp_path):
    folder, commits = repository
    with Repo(str(folder)) as repo:
        for kind in (b"tags", b"heads"):
            repo.refs[b"refs/" + kind + b"/" + commits[0].encode()] = commits[1].encode()
    with served(folder) as url:
        found = configuration.fetch(Settings(), url, commits[0], "sites/one", tmp_path / "live")
    assert found.commit == commits[0]


def test_a_commit_that_nobody_signed_stays_out_where_signers_are_named(repository, tmp_path):
    folder, _ = repository
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c ann"
    with served(folder) as url, pytest.raises(ConfigurationError, match="no SSH signature"):
        configuration.fetch(Settings(git_signers=key), url, "v1", "sites/one", tmp_path / "live")
    assert not (tmp_path / "live").exists()


def test_a_commit_that_is_wrong_stays_out(repository, tmp_path):
    folder, commits = repository
    with served(folder) as url, pytest.raises(ConfigurationError, match=rf"commit {commits[1]} .*surprise"):
        configuration.fetch(Settings(), url, commits[1], "sites/one", tmp_path / "live")
    assert not (tmp_path / "live").exists()


def test_what_a_later_commit_no_longer_has_goes_and_what_others_laid_there_stays(repository, tmp_path):
    folder, commits = repository
    live, beside = tmp_path / "live", tmp_path / "beside"
    beside.mkdir()
    (beside / "old-password").write_text("word")
    with served(folder) as url:
        configuration.fetch(Settings(), url, commits[0], "sites/one", live, beside)
        (live / "mine").write_text("kept")
        configuration.fetch(Settings(), url, commits[0], "sites/one", live)
    assert not (live / "old-password").exists()
    assert (live / "mine").exists()
    assert (live / "routes.yaml").exists()


@pytest.mark.parametrize(
    ("ref", "path", "password", "said"),
    [
        ("v1", "sites/one", "wrong", "does not accept the user name and password"),
        ("v9", "sites/one", "", "'v9' is no tag, branch or whole commit id"),
        ("v1", "sites/two", "", "no folder 'sites/two'"),
        ("v1", "sites/one/routes.yaml", "", "no folder"),
    ],
)
def test_what_is_wrong_with_a_repository_is_named(repository, tmp_path, ref, path, password, said):
    settings = Settings(git_username="hub", git_password=SecretStr(password))
    with served(repository[0], "right" if password else "") as url, pytest.raises(ConfigurationError, match=said):
        configuration.fetch(settings, url, ref, path, tmp_path / "live")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("git@example.org:site.git", "must begin with https://"),
        ("https://hub:word@example.org/site.git", "FAIRWATCH_GIT_PASSWORD_FILE"),
        ("http://example.org/site.git", "readable on the way"),
    ],
)
def test_addresses_that_would_give_secrets_away_are_refused(tmp_path, address, said):
    settings = Settings(git_password=SecretStr("word"))
    with pytest.raises(ConfigurationError, match=said) as refused:
        configuration.fetch(settings, address, "v1", "", tmp_path)
    assert "word@" not in str(refused.value)


def test_a_server_that_is_away_is_tried_again_for_a_while(tmp_path):
    pauses = []
    with pytest.raises(RetryableError, match="does not answer"):
        configuration.fetch(Settings(), "http://127.0.0.1:9/x.git", "v1", "", tmp_path, pause=pauses.append)
    assert pauses == [configuration.PAUSE_S] * (configuration.TRIES - 1)


@pytest.mark.broker
async def test_only_what_differs_is_published(broker, make_topics, tmp_path):
    settings = Settings(kafka_bootstrap=broker, topic_prefix=make_topics("sites", "devices"), embedded=True)
    path = tmp_path / "reference.yaml"
    path.write_text(REFERENCE)

    async def published():
        return await reference.publish_reference(settings, reference.read_reference(path))

    assert (await published()).changed == ["sites harbour", "devices cam-1"]
    again = await published()
    assert (again.changed, again.same) == ([], ["sites harbour", "devices cam-1"])
    async with producer(settings, "test") as publisher:  # what `fairwatch devices` wrote is not the file's to undo
        [record] = [record for _, _, record in read_topic(settings, "devices")]
        await publisher.publish("devices", "cam-1", record | {"access": {"key_sha256": "a" * 64}})
    assert (await published()).same == ["sites harbour", "devices cam-1"]
    path.write_text(f"sites: [{ {**SITE, 'name': 'Harbour'} }]\n")
    moved = await published()
    assert (moved.changed, moved.unnamed) == (["sites harbour"], ["devices cam-1"])
    names = [record["name"] for _, _, record in read_topic(settings, "sites")]
    assert names == ["Harbour Station", "Harbour"]
