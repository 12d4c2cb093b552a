"""How tests of rules compare with another system, as a table for people."""

from collections.abc import Sequence

from fairwatch.apps.rehearsal.trial import Trial

HEAD = "| scenario | the other | Fairwatch (how many causes hold) | | why |\n|---|---|---|---|---|\n"


def as_table(trials: Sequence[Trial]) -> str:
    """Return the tests that are compared, as Markdown; one that fails says so."""
    rows = []
    for trial in trials:
        compared = trial.case.compared
        if compared is not None:
            verdict = compared.verdict if trial.passed else "FAILS"
            rows.append(f"| {trial.case.name} | {compared.other} | {trial.told} | {verdict} | {compared.why} |\n")
    return HEAD + "".join(rows)
