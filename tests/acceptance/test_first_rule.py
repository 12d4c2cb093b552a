"""The rule, the test and the escalation that the README shows are right, and say what happens."""

import re
from pathlib import Path

from fairwatch.apps.configuration import faults
from fairwatch.apps.rehearsal.trial import run_file

README = Path(__file__).parents[2] / "README.md"


def write(folder: Path) -> None:
    """Write the files of the README's first rule; each begins with its name."""
    [block] = re.findall(r"```yaml\n(# routes\.yaml\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    parts = re.split(r"^# (\S+)\n", block, flags=re.MULTILINE)[1:]
    for name, content in zip(parts[::2], parts[1::2], strict=True):
        (folder / name).write_text(content, encoding="utf-8")
    assert len(block.splitlines()) - len(parts) // 2 <= 20, "twenty lines, apart from the names"


async def test_first_rule_of_the_readme_passes_its_test(tmp_path):
    write(tmp_path)
    [trial] = await run_file(tmp_path / "routes.test.yaml")
    assert trial.passed, trial.lines
    assert list(faults(tmp_path)) == []


async def test_its_test_notices_when_nobody_would_be_called(tmp_path):
    write(tmp_path)
    path = tmp_path / "escalations.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("after: 2m", "after: 4m"), encoding="utf-8")
    [trial] = await run_file(tmp_path / "routes.test.yaml")
    assert not trial.passed


def test_config_check_names_what_an_escalation_lacks(tmp_path):
    write(tmp_path)
    (tmp_path / "receivers.yaml").write_text(
        "receivers: [{name: control-room, webhook: {url: 'https://desk.example/', secret_env: X}}]", encoding="utf-8"
    )
    (tmp_path / "routes.test.yaml").unlink()
    found = "\n".join(faults(tmp_path))
    assert "escalations.yaml: person 'ann' tells 'ann-phone', who is not in receivers.yaml" in found
    (tmp_path / "escalations.yaml").unlink()
    missing = "routes.yaml: rule 'fence-at-night' names escalation 'night', which is no policy of escalations.yaml"
    assert missing in "\n".join(faults(tmp_path))


async def test_a_phone_that_is_gone_is_not_waited_for(tmp_path):
    write(tmp_path)
    (tmp_path / "routes.test.yaml").write_text(
        """
tests:
  - name: Ann's phone is gone, so that Ben is called at once
    answers: [{receiver: ann-phone, from: "23:10", until: "23:40", answers: gone}]
    events: [{at: "23:10", event: line.crossed, device: fence-1}]
    told:
      - {at: "23:10", receiver: control-room, state: NEW}
      - {at: "23:12", within: 1s, receiver: ben-phone, fields: {parameters: {not_reached: ann-phone (gone)}}}
      - {at: "23:20", receiver: control-room, state: ENDED}
      - {at: "23:20", receiver: ben-phone, state: ENDED}
""",
        encoding="utf-8",
    )
    [trial] = await run_file(tmp_path / "routes.test.yaml")
    assert trial.passed, [f"{line.mark} {line.text}" for line in trial.lines]
