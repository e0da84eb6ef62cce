"""What a reader stumbles over, counted: `python tools/lint.py` (or with names of notebooks) prints a row for
each notebook.

ruff, which reads notebooks, has rules for semicolons and long lines; the rest is counted here from the syntax
trees. It is a mirror, not a quota. `--lines` prints the places. A line that is clearer long ends with `#
long`. `--house` prints another table: how long the modules are, who imports whom, what is exported, and what
the docstrings say of errors and papers."""
import argparse, ast, json, re
from pathlib import Path

root = Path(__file__).resolve().parent.parent
LESSON, ANY = 100, 120   # longest line in a notebook, and in any other Python file

def cells(path):
    "(number, source) of the code cells of a notebook, without IPython's own lines; or a whole Python file"
    if path.suffix == '.py': return [(0, path.read_text(encoding='utf-8'))]
    made = json.loads(path.read_text(encoding='utf-8'))['cells']
    found = [(i, ''.join(c['source'])) for i,c in enumerate(made) if c['cell_type'] == 'code']
    return [(i, re.sub(r'^(\s*)[%!].*$', r'\1pass', s, flags=re.M)) for i,s in found]

def computed(node):
    "Does this value take any work? Names, constants and attributes don't"
    work = (ast.Call, ast.BinOp, ast.IfExp, ast.ListComp, ast.GeneratorExp, ast.DictComp)
    return any(isinstance(n, work) for n in ast.walk(node))

def packed(node):
    "`a,b = f(x),g(y)`: several computed values in one assignment"
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple): return False
    return isinstance(node.targets[0], ast.Tuple) and sum(map(computed, node.value.elts)) > 1

def nested(node):
    "A conditional expression inside another one"
    if not isinstance(node, ast.IfExp): return False
    return any(isinstance(n, ast.IfExp) for part in (node.body, node.orelse) for n in ast.walk(part))

def faults(path):
    "(cell, line, what) for everything that is counted"
    limit = LESSON if path.suffix == '.ipynb' else ANY
    for i,source in cells(path):
        lines = source.splitlines()
        for k,line in enumerate(lines, 1):
            if len(line) > limit and not line.endswith('# long'): yield i, k, 'long'
        try: tree = ast.parse(source)
        except SyntaxError: continue
        for node in ast.walk(tree):
            if packed(node): yield i, node.lineno, 'packed'
            if nested(node): yield i, node.lineno, 'nested'
        yield from semicolons(i, tree, lines)

def semicolons(i, tree, lines):
    "Two statements on one line with a semicolon between them"
    for node in ast.walk(tree):
        for body in (getattr(node, k, None) for k in ('body','orelse','finalbody')):
            if not isinstance(body, list): continue
            for a,b in zip(body, body[1:]):
                if b.lineno == a.end_lineno: yield i, b.lineno, 'semicolon'

# the house

LONG = 400   # lines; a longer module has more than one idea

def exports(tree):
    "The names in a module's `__all__`"
    lists = [n.value for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], 'id', '') == '__all__']
    return ast.literal_eval(lists[0]) if lists else []

def imports(tree):
    "{module of ours: names taken from it}, for a module or a notebook, inside functions too"
    taken = {}
    for n in ast.walk(tree):
        if not isinstance(n, ast.ImportFrom): continue
        name = '.'*n.level+(n.module or '')
        if name.startswith(('sdcourse.', '.')) and name != '.':
            taken.setdefault(name.removeprefix('sdcourse').lstrip('.'), set()).update(a.name for a in n.names)
    return taken

def functions(tree):
    "Exported functions of a module"
    return [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in exports(tree)]

def silent(f, source):
    "Does it raise, without a word in or under its docstring, or at the `raise`? None if it doesn't raise"
    raises = [n for n in ast.walk(f) if isinstance(n, ast.Raise)]
    if not raises: return None
    if re.search(r'Error|raise', ast.get_docstring(f) or ''): return False
    lines = source.splitlines()
    under = lines[f.body[0].end_lineno].strip()       # the line after the docstring
    if re.match('#.*Error', under): return False
    return not all('#' in ''.join(lines[n.lineno-2:n.end_lineno]) for n in raises)

def names_paper(f): return bool(re.search(r'\([^)]*\b(19|20)\d\d\b', ast.get_docstring(f) or ''))

def house(sources, lessons):
    "Figures of modules {name: source} and of the lessons that use them {name: source}, as rows of text"
    trees = {m: ast.parse(s) for m,s in sources.items()}
    size = {m: len(s.splitlines()) for m,s in sources.items()}
    longest = sorted(size, key=size.get, reverse=True)[:6]
    yield 'longest modules', ', '.join(f'{m} {size[m]}' for m in longest)
    yield f'over {LONG} lines', sum(n > LONG for n in size.values())
    links = {m: len(imports(t)) for m,t in trees.items()}
    most = max(links, key=links.get)
    mean = sum(links.values())/len(links)
    yield 'imports of ours', f'{mean:.1f} for each module, at most {links[most]} ({most})'
    names = [(m,n) for m,t in trees.items() for n in exports(t)]
    used = {l: imports(ast.parse(s)) for l,s in lessons.items()}
    idle = [(m,n) for m,n in names if not any(n in u.get(m, ()) for l,u in used.items() if l[3:] != m)]
    yield 'exported names', f'{len(names)}, of which {len(idle)} are used in no other notebook'
    found = [(f, sources[m]) for m,t in trees.items() for f in functions(t)]
    quiet = [silent(f, s) for f,s in found]
    raising = len(quiet)-quiet.count(None)
    mute = [f.name for (f,_),q in zip(found, quiet) if q]
    yield 'functions that raise', f'{raising}, of which {len(mute)} do not say so'
    yield 'in silence', ', '.join(mute)
    yield 'functions with a paper', sum(names_paper(f) for f,_ in found)

def print_house(places=False):
    "The second table, for this project; with `places`, it names the functions that raise in silence"
    files = [p for p in sorted((root/'sdcourse').glob('[a-z]*.py')) if p.name != 'all.py']
    sources = {p.stem: p.read_text(encoding='utf-8') for p in files}
    lessons = {p.stem: '\n'.join(s for _,s in cells(p) if parses(s)) for p in sorted((root/'nbs').glob('*.ipynb'))}
    for what,figure in house(sources, lessons):
        if places or what != 'in silence': print(f'{what:24}{figure}')

def parses(source):
    "Is this Python?"
    try: return bool(ast.parse(source))
    except SyntaxError: return False

def main():
    p = argparse.ArgumentParser(description='Count long lines, packed assignments, nested conditionals, semicolons.')
    p.add_argument('names', nargs='*', help='parts of names of notebooks or files; all without')
    p.add_argument('--lines', action='store_true', help='print every place')
    p.add_argument('--house', action='store_true', help='print the table of the modules instead')
    a = p.parse_args()
    if a.house: return print_house(a.lines)
    paths = sorted((root/'nbs').glob('*.ipynb'))
    for folder in ('tools', 'tests', 'docs'): paths += sorted((root/folder).glob('*.py'))
    paths = [q for q in paths if not a.names or any(n in q.name for n in a.names)]
    kinds, total = ('long','packed','nested','semicolon'), {}
    print(f'{"":34}' + ''.join(f'{k:>10}' for k in kinds))
    for q in paths:
        found = [*faults(q)]
        for f in found: total[f[2]] = total.get(f[2], 0)+1
        if found: print(f'{q.name:34}' + ''.join(f'{sum(w == k for _,_,w in found):>10}' for k in kinds))
        if a.lines: print(*(f'    cell {i} line {k}: {w}' for i,k,w in found), sep='\n')
    print(f'{"all":34}' + ''.join(f'{total.get(k, 0):>10}' for k in kinds))

if __name__ == '__main__': main()
