"""What a reader stumbles over, counted: `python tools/lint.py` (or with names of notebooks) prints a row for
each notebook.

ruff, which reads notebooks, has rules for semicolons and long lines; the rest is counted here from the syntax
trees. It is a mirror, not a quota. `--lines` prints the places. A line that is clearer long ends with `#
long`."""
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

def main():
    p = argparse.ArgumentParser(description='Count long lines, packed assignments, nested conditionals, semicolons.')
    p.add_argument('names', nargs='*', help='parts of names of notebooks or files; all without')
    p.add_argument('--lines', action='store_true', help='print every place')
    a = p.parse_args()
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
