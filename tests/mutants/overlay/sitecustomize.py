"""Puts a changed program in the place of one module, in every Python process that inherits the environment."""

import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

_NAME, _, _SOURCE = os.environ.get("FAIRWATCH_MUTANT", "").partition("=")


class _Changed(SourceFileLoader):
    def get_code(self, fullname):
        return compile(Path(_SOURCE).read_text(encoding="utf-8"), self.path, "exec")


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name == _NAME else None
        if spec is not None:
            spec.loader = _Changed(name, spec.origin)
        return spec


if _NAME:
    sys.meta_path.insert(0, _Finder)
