"Who imports whom, and what an import costs"
import ast, re, sys
import pytest
from conftest import cells, lib, nbs, numbered, root, sh

modules = sorted(p for p in lib.glob('*.py') if not p.name.startswith('_'))
number = {p.stem[3:]: int(p.stem[:2]) for p in numbered}

def tree(source):
    "The syntax tree of a cell; lines that only IPython understands become `pass`"
    source = re.sub(r'^(\s*)[%!].*$', r'\1pass', source, flags=re.M)
    try: return ast.parse(source)
    except SyntaxError: return ast.parse('')

def ours(t):
    "Names of our modules that a syntax tree imports, at the top or inside functions"
    for n in ast.walk(t):
        if isinstance(n, ast.ImportFrom):
            mod = '.'*n.level+(n.module or '')
            if mod in ('sdcourse', '.'): yield from (a.name for a in n.names if a.name in number)
            elif mod.startswith(('sdcourse.', '.')): yield mod.removeprefix('sdcourse').lstrip('.').split('.')[0]
        elif isinstance(n, ast.Import):
            yield from (a.name.split('.')[1] for a in n.names if a.name.startswith('sdcourse.'))

def test_light():
    "`import sdcourse` takes 0.1 s at most, and does not load torch"
    code = "import time; s=time.perf_counter(); import sdcourse; t=time.perf_counter()-s; import sys; print(t, 'torch' in sys.modules or 'numpy' in sys.modules)"
    runs = [sh(sys.executable, '-c', code, cwd=nbs)[1].split() for _ in range(4)]
    assert all(r[1] == 'False' for r in runs)
    assert min(float(r[0]) for r in runs) <= .1

@pytest.mark.parametrize('path', numbered, ids=lambda p: p.stem)
def test_order(path):
    "A notebook imports only lower-numbered ones, by name"
    n, bad = int(path.stem[:2]), []
    for i,c in enumerate(cells(path)):
        if c['cell_type'] != 'code': continue
        export = re.search(r'^#\s*\|\s*export', c['source'], flags=re.M)
        for m in ours(tree(c['source'])):
            if m not in number: bad.append(f'cell {i+1}: sdcourse.{m} has no notebook')
            elif number[m] > n or (number[m] == n and export):
                bad.append(f'cell {i+1}: {path.stem} imports {number[m]:02}_{m}')
        if re.search(r'from (sdcourse|\.)[\w.]* import \*', c['source']): bad.append(f'cell {i+1}: import *')
    assert not bad, bad

@pytest.mark.parametrize('path', modules, ids=lambda p: p.stem)
def test_names(path):
    "No undefined names, no star imports, every name in __all__ is there"
    from pyflakes import checker, messages as m
    bad = (m.UndefinedName, m.UndefinedLocal, m.UndefinedExport, m.ImportStarUsed,
           m.ImportStarUsage, m.ImportStarNotPermitted, m.DuplicateArgument,
           m.ReturnOutsideFunction)
    found = checker.Checker(ast.parse(path.read_text(encoding='utf-8')), str(path.relative_to(root))).messages
    assert not [str(o) for o in found if isinstance(o, bad)]

def test_module_names():
    "No export is called as a module is, so that an import is never ambiguous"
    for p in modules:
        t = ast.parse(p.read_text(encoding='utf-8'))
        names = next((ast.literal_eval(n.value) for n in t.body if isinstance(n,
            ast.Assign) and getattr(n.targets[0], 'id', '') == '__all__'), [])
        assert not [n for n in names if n in number], p.name
