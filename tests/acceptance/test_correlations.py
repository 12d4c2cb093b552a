"""Rules of several events from sighting to receiver: each is told as the file beside says, to a tenth of a second."""

from pathlib import Path

from fairwatch.apps.rehearsal.trial import run_file


async def test_each_is_told_as_the_file_says():
    trials = await run_file(Path(__file__).with_name("correlations.test.yaml"))
    assert {
        trial.case.name: [line.text for line in trial.lines if line.mark != " "] for trial in trials if not trial.passed
    } == {}
    assert len(trials) > 8
