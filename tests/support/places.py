"""Where things lie in the repository, for tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
CONFIG = ROOT / "infra" / "local" / "config"
FIXTURES = ROOT.parent / "shared" / "fixtures"
