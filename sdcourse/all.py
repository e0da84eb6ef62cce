# not a plain docstring: nbdev would take this for a page of the docs, and write an llms.txt about it
__doc__ = """Everything of the course by its name, for homework

`from sdcourse.all import *`, or `from sdcourse.all import generate`.

This file is written by hand; no notebook makes it. The names come from the modules' own `__all__`,
so the list is always up to date. A module is imported when one of its names is asked for, so a
single name costs no more than its module; the star asks for all of them. `where` says where a name
comes from: where('denoise') is 'sampling'.

A few names are used in two modules, or are too general to hand out: they are all in CHOSEN. What a
learner calls on pictures or on a model wins over what runs a command or a training. The star leaves
out names that are None there; import them from their modules: `from sdcourse.cli import draw`."""
import ast, re
from importlib import import_module
from pathlib import Path

CHOSEN = dict(
    draw=None,          # the command `sdcourse draw`; to draw in Python, call `generate`
    main=None,          # the commands of cli and recipe
    info=None,          # the command `sdcourse info`
)

def _exports(path):
    "The names in a module's `__all__`, from its source"
    found = re.search(r'^__all__ = (\[.*?\])', path.read_text(encoding='utf-8'), flags=re.M|re.S)
    return ast.literal_eval(found[1]) if found else []

def _owners():
    "{name: the modules that export it}"
    res = {}
    for p in sorted(Path(__file__).parent.glob('[a-z]*.py')):
        if p.name != 'all.py':
            for name in _exports(p): res.setdefault(name, []).append(p.stem)
    return res

def _winners(owners, chosen=CHOSEN):
    "{name: module}; an `ImportError` if several modules export a name and CHOSEN doesn't decide"
    unsure = {n: ms for n,ms in owners.items() if len(ms) > 1 and n not in chosen}
    if unsure:
        raise ImportError('these names stand in several modules, and CHOSEN in sdcourse/all.py '
                          f'says nothing of them: {unsure}')
    return {n: chosen.get(n, ms[0]) for n,ms in owners.items() if chosen.get(n, ms[0])}

_where = _winners(_owners())
__all__:list = sorted(_where)

def where(
    name, # Of something in this course
)->str:   # The module it comes from, without `sdcourse.`
    "The module that a name comes from; a `ValueError` if there is no such name"
    if name in _where: return _where[name]
    hint = ''
    if name in CHOSEN:
        hint = f'; there is one in {" and in ".join(_owners()[name])}, to be imported from there'
    raise ValueError(f'nothing is called {name!r} here{hint}')

def __getattr__(name):
    if name not in _where: raise AttributeError(f'sdcourse.all has no {name!r}')
    globals()[name] = value = getattr(import_module(f'sdcourse.{_where[name]}'), name)
    return value

def __dir__(): return [*__all__, 'CHOSEN', 'where']
