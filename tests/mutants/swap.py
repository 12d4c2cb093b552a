"""Puts one changed function or constant into the running program, wherever it is held already."""

import functools
import gc
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType

from tests.mutants.mutations import Mutant
from tests.mutants.targets import HOUSE, ROOT


class CannotSwapError(Exception):
    """The function is held nowhere, or its new code does not fit: the program has to be started with it."""


def swap(mutant: Mutant) -> None:
    """Change the function or constant that the mutant is in; forget what functions of ours remember of earlier calls.

    Raises:
        CannotSwapError: Nothing was changed.
    """
    if mutant.function:
        _function(mutant)
    else:
        _constant(mutant)
    for found in gc.get_objects():
        if isinstance(found, functools._lru_cache_wrapper) and (found.__module__ or "").startswith("fairwatch"):
            found.cache_clear()


def _constant(mutant: Mutant) -> None:
    """Set a constant anew, here and where it was imported; what was computed from it at import stays as it was."""
    statement = mutant.statement()
    ours = [module for module in list(sys.modules.values()) if _file(module).startswith((str(HOUSE), str(ROOT)))]
    [home] = [module for module in ours if _file(module) == str(mutant.path)] or [None]
    if statement is None or home is None:
        raise CannotSwapError
    names, code = statement
    old = {name: vars(home).get(name) for name in names}
    exec(code, vars(home))
    for module in ours:
        for name in names:
            if vars(module).get(name) is old[name]:
                setattr(module, name, vars(home)[name])


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or ""


def _function(mutant: Mutant) -> None:
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _inside(mutant.code(), mutant.function)}
    path = str(mutant.path)
    swapped = 0
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and found.__code__.co_filename == path:
            code = codes.get((found.__code__.co_qualname, found.__code__.co_firstlineno))
            if code is not None:
                if code.co_freevars != found.__code__.co_freevars:
                    raise CannotSwapError
                found.__code__ = code
                swapped += code.co_qualname == mutant.function
    if not swapped:
        raise CannotSwapError


def _inside(code: CodeType, function: str) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == function or constant.co_qualname.startswith(function + "."):
                yield constant
            yield from _inside(constant, function)
