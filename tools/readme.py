"""README.md from nbs/index.ipynb: `python tools/readme.py`, or with --check to see whether it is current.

Two cells of the index are made first: the one that begins with <!-- row --> holds the pictures
(nbs/images/row.json), the one that begins with <!-- table --> lists the notebooks, part by part, each with
its promise."""
import json, os, re, sys
from pathlib import Path
from course import in_order, part

root = Path(__file__).resolve().parent.parent
nbs = root/'nbs'
def load(path): return json.loads(path.read_text(encoding='utf-8'))
def source(cell): return ''.join(cell['source'])

def row():
    "The five pictures and what they are"
    d = load(nbs/'images'/'row.json')
    tags = [f'<img src="images/row_{i}.png" width="150" alt="{p}" title="{p}">' for i,p in enumerate(d['prompts'])]
    who = ('One model, one seed, five prompts. It is in the package, and a CPU is enough.' if d['by'] == 'model' else
           'Drawn by the sticker world, the teacher of the embedded model. The model is in training; '
           'its own pictures will stand here.')
    return '\n'.join(['<!-- row -->', '<p>', *tags, '</p>', '', f'*{who}*'])

def promise(path):
    "A row of the table: a notebook, its title and its promise"
    m = re.match(r'# (.+)\n+> (.+)', source(load(path)['cells'][0]))
    promise = f'**{m[1].strip()}.** {m[2].strip()} ' if m else ''
    return f'| [{path.stem}]({path.name}) | {promise}|'

def table():
    "The notebooks with their promises, part by part"
    paths, rows, before = {p.stem: p for p in nbs.glob('[0-9][0-9]_*.ipynb')}, [], None
    for s in in_order(paths):
        if part(s) != before: rows.append(f'| **{part(s)}** | |')
        rows.append(promise(paths[s]))
        before = part(s)
    return '\n'.join(['<!-- table -->', '| notebook | what it promises |', '|:--|:--|', *rows])

def index():
    "The index with its two made cells up to date, as text"
    nb = load(nbs/'index.ipynb')
    for c in nb['cells']:
        for make in (row, table):
            if source(c).startswith(f'<!-- {make.__name__} -->'): c['source'] = make().splitlines(keepends=True)
    return json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True)+'\n'

def readme():
    "README.md, as text"
    parts = []
    for c in json.loads(index())['cells']:
        s = source(c)
        if re.search(r'^#\s*\|\s*(hide|default_exp)', s, flags=re.M): continue
        if c['cell_type'] == 'markdown':
            s = re.sub(r'^<!-- \w+ -->\n', '', s)
            # GitHub shows the notebooks themselves
            s = re.sub(r'\]\(((?!\w+:|#|/)[^)\s]+)\)', lambda m: f"]({os.path.normpath('nbs/'+m[1])})", s)
            parts.append(re.sub(r'src="((?!\w+:|/)[^"]+)"', r'src="nbs/\1"', s))
        else:
            parts.append('```python\n'+re.sub(r'^#\s*\|.*\n', '', s, flags=re.M).strip()+'\n```')
            for o in c.get('outputs', []):
                text = ''.join(o.get('text', [])) if o['output_type'] == 'stream' else ''
                if text.strip(): parts.append('```\n'+text.strip('\n')+'\n```')
    return '\n\n'.join(p.strip('\n') for p in parts)+'\n'

def write(path, text):
    if path.read_text(encoding='utf-8') == text: return
    tmp = path.with_name(path.name+'.tmp')
    tmp.write_text(text, encoding='utf-8')
    os.replace(tmp, path)
    print(f'wrote {path.relative_to(root)}')

if __name__ == '__main__':
    new = {nbs/'index.ipynb': index(), root/'README.md': readme()}
    if '--check' in sys.argv:
        sys.exit(any(p.read_text(encoding='utf-8') != s for p,s in new.items()) and 'run make readme')
    for p,s in new.items(): write(p, s)
