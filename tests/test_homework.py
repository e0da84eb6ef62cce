"""What a learner meets at home: every name explained, everything to be had at once, exercises that know right
from wrong"""
import ast, builtins, os, sys
for k,v in dict(MPLBACKEND='Agg', OMP_NUM_THREADS='1', HF_HUB_OFFLINE='1', TOKENIZERS_PARALLELISM='false').items():
    os.environ.setdefault(k, v)
import pytest
from conftest import lib, numbered, sh
from answers import HEAVY_ONES, SLOW, answers, INSTEAD
from exercises import SOLVED, Lesson
from reference import comments, defined

modules = sorted(p for p in lib.glob('[a-z]*.py') if p.stem != 'all')

# every name is explained

def unexplained(source):
    "Exports without a docstring of one line, parameters and constants without a comment"
    nodes, exported = defined(source)
    notes = comments(source)
    for name in exported:
        o = nodes[name]
        if isinstance(o, ast.Assign):
            if not any(i in notes for i in range(o.lineno-1, o.end_lineno+1)): yield f'{name} (a constant): no comment'
            continue
        doc = ast.get_docstring(o, clean=False)
        if not doc or '\n' in doc: yield f'{name}: a docstring has one line'
        f = o if isinstance(o, ast.FunctionDef) else next(
            (n for n in o.body if isinstance(n, ast.FunctionDef) and n.name == '__init__'), None)
        if f:
            a = f.args
            for x in [*a.posonlyargs, *a.args, *filter(None, [a.vararg]), *a.kwonlyargs, *filter(None, [a.kwarg])]:
                if x.arg != 'self' and not any(notes.get(i) for i in range(x.lineno,
                    f.body[0].lineno) if i == x.end_lineno):
                    yield f'{name}, {x.arg}: no comment'
        elif 'dataclass' in ''.join(map(ast.unparse, o.decorator_list)):
            yield from (f'{name}, {n.target.id}: no comment' for n in o.body if isinstance(n,
                ast.AnnAssign) and not notes.get(n.end_lineno))

@pytest.mark.parametrize('path', modules, ids=lambda p: p.stem)
def test_explained(path):
    "100 % of what is exported"
    bad = [*unexplained(path.read_text(encoding='utf-8'))]
    assert not bad, bad

def test_count(capsys):
    n = {p.stem: len(defined(p.read_text(encoding='utf-8'))[1]) for p in modules}
    with capsys.disabled(): print(f'\n{sum(n.values())} exported names in {len(n)} modules')
    assert sum(n.values()) > 300

def test_explained_can_fail():
    source = "__all__ = ['f', 'N', 'C']\nN = 1\n\ndef f(\n    x, # a number\n    y,\n):\n    'does\\nit'\nclass C:\n    'c'\n    def __init__(self, z): pass"
    assert [*unexplained(source)] \
        == ['f: a docstring has one line', 'f, y: no comment', 'N (a constant): no comment', 'C, z: no comment']

# everything at once

def test_all_is_complete():
    "Every export is in it, or left out by name"
    import sdcourse.all as every
    owners = every._owners()
    assert set(owners) == {n for p in modules for n in defined(p.read_text(encoding='utf-8'))[1]} | {n
        for n in owners if n in every.CHOSEN}
    assert set(owners)-set(every.__all__) == {n for n,m in every.CHOSEN.items() if m is None}

def test_no_silent_collisions():
    "A name in two modules has a winner in the table, a winner that exports it; and the table holds nothing else"
    import sdcourse.all as every
    owners = every._owners()
    assert not [n for n,ms in owners.items() if len(ms) > 1 and n not in every.CHOSEN]
    assert not [n for n,m in every.CHOSEN.items() if n not in owners or (m and m not in owners[n])]
    with pytest.raises(ImportError, match='CHOSEN'): every._winners(dict(f=['a','b']), {})
    assert every._winners(dict(f=['a','b'], g=['a','b'], h=['b']), dict(f='b', g=None)) == dict(f='b', h='b')

def test_all_shadows_nothing():
    "Not Python's own names, no module of its standard library, no single letters, no module of ours"
    import sdcourse.all as every
    assert not [n for n in every.__all__ if hasattr(builtins,
        n) or n in sys.stdlib_module_names or len(n) < 2 or n in {p.stem for p in modules}]

def test_star():
    "It works, each thing comes from where the table says, and says what it is; the file alone costs next to nothing"
    code = """
import time; t = time.process_time()
import sys, sdcourse.all as every
print(time.process_time()-t < .2, 'torch' in sys.modules)
exec('from sdcourse.all import *')
import importlib
bad = [n for n in every.__all__ if globals()[n] is not getattr(importlib.import_module('sdcourse.'+every.where(n)), n)]
bad += [n for n in every.__all__ if callable(globals()[n]) and not globals()[n].__doc__]
print(bad, len(every.__all__) > 300, decode.__module__, report.__module__, 'main' in globals(), len(every.__doc__) > 500)
try: every.where('draw')
except ValueError as e: print(e)
"""
    rc, out = sh(sys.executable, '-c', code)
    assert rc == 0, out
    assert out.splitlines()[-3:] == ['True False', '[] True sdcourse.latents sdcourse.core False True',
                                     "nothing is called 'draw' here; there is one in cli, to be imported from there"], out

# exercises

lessons = [p.stem for p in numbered]

@pytest.mark.parametrize('stem', lessons)
def test_exercises(stem):
    "Three to five, each with a cell to start from and a check that can say 'done'; solutions in a folded place"
    l = Lesson(stem)
    assert l.at is not None, 'no ## Exercises'
    assert 3 <= len(l.texts) <= 5 and sorted(l.texts) == [*range(1, len(l.texts)+1)], sorted(l.texts)
    assert sorted(l.starters) == sorted(l.texts), sorted(set(l.texts)-set(l.starters))
    for k,(_,s) in l.starters.items():
        said = [o.value for o in ast.walk(ast.parse(s)) if isinstance(o, ast.Constant) and isinstance(o.value, str)]
        assert any(SOLVED.match(t) for t in said), f'exercise {k} never says done'
        assert len(said) > 1, f'exercise {k} has no hint'
    assert l.fences or any('code-fold: true' in s for s in l.solutions), 'no solutions that can be unfolded'

def test_every_lesson_has_answers():
    assert not [s for s in lessons if s not in answers]

def marks(stem): return [pytest.mark.slow]*(stem in SLOW) + [pytest.mark.heavy]*(stem in HEAVY_ONES)

@pytest.mark.parametrize('stem', [pytest.param(s, marks=marks(s)) for s in answers])
def test_answers(stem):
    "The check takes the right answer, and neither a wrong one nor what the cell starts with"
    l, mine = Lesson(stem), answers[stem]
    assert set(mine) == set(l.starters)
    l.prepare({k: [l.code(k), *(l.code(k, a) for a in tries)] for k,tries in mine.items()}, INSTEAD.get(stem))
    bad = []
    for k,(right,*wrong) in mine.items():
        assert wrong, f'exercise {k}: no wrong answer is tried'
        solved, said = l.check(k)
        if solved or not said.strip(): bad.append((k, 'at the start', said))
        solved, said = l.check(k, right)
        if not solved: bad.append((k, right, said))
        for a in wrong:
            solved, said = l.check(k, a)
            if solved: bad.append((k, a, said))
    assert not bad, bad
