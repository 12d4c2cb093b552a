"""Who is given pictures, keys and lifetimes: only what needs them."""

from tests.helm.chart import VARIANTS, needs_helm, refusal, resources

pytestmark = needs_helm
KEDA, ALL = VARIANTS["keda"], VARIANTS["everything"]


def test_notify_sees_the_files_of_its_receivers_and_pictures_where_they_are_sent():
    def seen(variant, name):
        [container] = resources(variant, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        return {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}, container.get("envFrom", [])

    mounts, secrets = seen(ALL, "notify")
    assert mounts["receiver-mail-ca"] == "/secrets/receiver-mail-ca"
    assert {"secretRef": {"name": "object-store"}} in secrets
    assert "receiver-mail-ca" not in seen(ALL, "match")[0], "nobody else reads them"
    assert not any(name.startswith("receiver-") for name in seen(KEDA, "notify")[0])


def test_pictures_that_notify_could_not_see_are_refused():
    assert "notify cannot see" in refusal("--set", "receivers.pictures=true")


def test_retain_alone_is_given_the_key_that_signs_its_receipts():
    def keys(name):
        [container] = resources(ALL, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        files = [one["value"] for one in container["env"] if one["name"] == "FAIRWATCH_SIGNING_KEY_FILE"]
        return files, {mount["name"] for mount in container["volumeMounts"]} & {"receipts", "signing"}

    said = {name: keys(name) for name in resources(ALL, "Deployment")}
    assert said.pop("retain") == (["/secrets/receipts/key.pem"], {"receipts"})
    assert said.pop("console") == (["/secrets/signing/key.pem"], {"signing"})
    assert set(map(str, said.values())) == {str(([], set()))}


def test_the_master_key_goes_to_what_handles_pictures_and_to_nobody_else():
    claim = ("--set", "mediaKey.existingSecret=k,mediaKey.keysClaim=data-keys")
    for variant, files in ((ALL, ["KEY_FILE", "KEY_OTHER_FILE", "KEYS_URL"]), (claim, ["KEY_FILE", "KEYS_URL"])):
        given = {}
        for name, deployment in resources(variant, "Deployment").items():
            [container] = deployment["spec"]["template"]["spec"]["containers"]
            mounts = {mount["name"]: mount.get("readOnly") for mount in container["volumeMounts"]}
            start, known = "FAIRWATCH_MEDIA_", [one["name"] for one in container["env"]]
            given[name] = [each.removeprefix(start) for each in known if each.startswith(start) and "KEY" in each]
            assert (mounts.get("media-key") is True) == bool(given[name])
            assert ("data-keys" in mounts) == (bool(given[name]) and variant is claim)
        seeing = {name for name, said in given.items() if said}
        assert {"match", "retain", "console", "normalize", "http"} <= seeing
        assert seeing.isdisjoint({"enrich", "verify", "route", "group", "audit", "anchor", "project"})
        assert all(given[name] == files for name in seeing)


def test_a_master_key_without_a_place_for_data_keys_is_refused():
    assert "say where data keys lie" in refusal("--set", "mediaKey.existingSecret=k")


def test_lifetimes_of_the_configuration_reach_the_topics_once_the_release_is_there():
    given = ("--set-json", 'config.files={"retention.yaml": "classes: {sighting: 3d}"}')
    found = resources(given, "Job")
    args = {name: found[name]["spec"]["template"]["spec"]["containers"][0]["args"] for name in ("topics", "retention")}
    assert args == {"topics": ["topics", "apply", "--keep-shorter"], "retention": ["topics", "apply"]}
    assert found["retention"]["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    seen = {mount["name"] for mount in found["retention"]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]}
    assert {"config", "tmp"} <= seen
    assert "retention" in resources(VARIANTS["git"], "Job")
    assert "retention" not in resources((*given, "--set", "topics.apply=none"), "Job")


def test_the_console_reads_the_anchor_of_the_audit_log_where_that_is_wanted_and_never_writes_it():
    def seen(name, *more):
        given = ("--set", "auditAnchor.existingClaim=anchor", *more)
        pod = resources(given, "Deployment")[name]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        folder = [one["value"] for one in container["env"] if one["name"] == "FAIRWATCH_ANCHOR_DIR"]
        mounts = [one for one in container["volumeMounts"] if one["name"] == "anchor"]
        claims = [one["persistentVolumeClaim"] for one in pod["volumes"] if one["name"] == "anchor"]
        return folder, [one.get("readOnly", False) for one in mounts], [one.get("readOnly", False) for one in claims]

    wanted = ("--set", "auditAnchor.atConsole=true")
    assert seen("console", *wanted) == (["/anchor"], [True], [True])
    assert seen("anchor", *wanted) == (["/anchor"], [False], [False])
    assert seen("console") == seen("route", *wanted) == ([], [], [])
    assert "name the claim" in refusal("--set", "auditAnchor.atConsole=true")
