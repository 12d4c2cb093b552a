"""What is changed, and which tests may notice."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "services/fairwatch"
GENERATED = {"records.py"}
EXAMPLES = "tests/architecture/test_examples.py"
PLAYED = ("tests/acceptance/test_quiet.py", "tests/acceptance/test_absence.py")  # over the whole chain

TESTS = {
    "domain": (
        "tests/domain", "tests/policy", "tests/processors", "tests/sinks", "tests/wire", "tests/matching",
        EXAMPLES,
    ),
    "policy": (
        "tests/policy", "tests/processors", "tests/wire/test_cleaning.py", "tests/apps/test_configuration.py",
        EXAMPLES, *PLAYED,
    ),
    "processors": ("tests/processors", EXAMPLES, *PLAYED),
    "sinks": ("tests/sinks", "tests/processors", "tests/telemetry/test_traces_over_time.py", EXAMPLES, *PLAYED),
    "engine": ("tests/engine", "tests/telemetry", EXAMPLES),
}  # fmt: skip


def files(target: str) -> list[Path]:
    """Return the files of a package (`policy`) or of one of its modules (`policy/routing`)."""
    place = HOUSE / target
    found = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return [path for path in found if path.name not in GENERATED]


def tests(target: str) -> list[str]:
    """Return the folders and files of the tests of a target, as far as they are there."""
    return [place for place in TESTS[target.partition("/")[0]] if (ROOT / place).exists()]
