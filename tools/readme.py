"""README.md from nbs/index.ipynb: `python tools/readme.py`, or with --check to see whether it is current.

Two cells of the index are made first: the one that begins with <!-- row --> holds the pictures (nbs/images/row.json), the one
that begins with <!-- table --> lists the notebooks there are, each with its promise, and names those to come."""
import json, os, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
nbs = root/'nbs'
coming = '''00_core 01_stickers 02_models 03_judge 04_pipelines 05_guidance 06_img2img 07_score 08_noising 09_autoencoder 10_contrastive 11_unet
12_text 13_latents 14_schedules 15_sampling 16_samplers 17_losses 18_optimizers 19_training 20_textual_inversion 21_dreambooth
22_structure 23_distill 24_editing 25_imagic 26_maths 27_iterators 28_matrix 29_randoms 30_compute 31_glossary 32_cli'''.split()

def load(path): return json.loads(path.read_text(encoding='utf-8'))
def source(cell): return ''.join(cell['source'])

def row():
    "The five pictures and what they are"
    d = load(nbs/'images'/'row.json')
    tags = [f'<img src="images/row_{i}.png" width="150" alt="{p}" title="{p}">' for i,p in enumerate(d['prompts'])]
    who = ('One model, one seed, five prompts. It is in the package, and a CPU is enough.' if d['by'] == 'model' else
           'Drawn by the sticker world, the teacher of the embedded model. The model is in training; its own pictures will stand here.')
    return '\n'.join(['<!-- row -->', '<p>', *tags, '</p>', '', f'*{who}*'])

def table():
    "The notebooks with their promises"
    rows, have = [], set()
    for p in sorted(nbs.glob('[0-9][0-9]_*.ipynb')):
        m = re.match(r'# (.+)\n+> (.+)', source(load(p)['cells'][0]))
        rows.append(f"| [{p.stem}]({p.name}) | **{m[1].strip()}.** {m[2].strip()} |" if m else f"| [{p.stem}]({p.name}) | |")
        have.add(p.stem)
    todo = [c for c in coming if c not in have]
    return '\n'.join(['<!-- table -->', '| notebook | what it promises |', '|:--|:--|', *rows] + (['', f"Still to come: {', '.join(todo)}."] if todo else []))

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
            s = re.sub(r'\]\(((?!\w+:|#|/)[^)\s]+)\)', lambda m: f"]({os.path.normpath('nbs/'+m[1])})", s)   # GitHub shows the notebooks themselves
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
    if '--check' in sys.argv: sys.exit(any(p.read_text(encoding='utf-8') != s for p,s in new.items()) and 'run make readme')
    for p,s in new.items(): write(p, s)
