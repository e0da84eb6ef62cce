"""The docs site from the notebooks: `python tools/docs.py` writes pages for Sphinx to _site/src, and builds
_site/html from them.

The notebooks are not run: their saved outputs are shown. nbdev reads them and applies its directives; what
Sphinx and MyST say in another way is translated here. `make docs` installs what this needs."""
import json, re, shutil, sys, time
from configparser import ConfigParser
from pathlib import Path
from reference import names, reference
from course import in_order, part
import live

root = Path(__file__).resolve().parent.parent
nbs = root/'nbs'
lib = root/'sdcourse'
site = root/'_site'
LONG = 30   # lines of an exported cell that are shown unfolded

def settings():
    ini = ConfigParser(delimiters=['='])
    ini.read(root/'settings.ini', encoding='utf-8')
    return ini['DEFAULT']

def page(stem): return re.sub(r'^\d+_', '', stem)   # as nbdev calls it
def slug(s): return re.sub(r'[^\w-]', '', s.lower().replace(' ', '-'))

def processed(path):
    "The notebook at `path` after those of nbdev's processors that neither run code nor link to nbdev's own pages"
    from nbdev.process import NBProcessor
    from nbdev.processors import FilterDefaults
    skip = ('add_show_docs exec_show_docs clean_show_doc insert_warning rm_export add_links add_fold '
            'mv_exports strip_hidden_metadata populate_language').split()
    p = NBProcessor(path, [o for o in FilterDefaults().base_procs() if o.__name__ not in skip], rm_directives=False)
    p.process()
    return json.loads(json.dumps([{k: v for k,v in c.items() if k in ('cell_type','source',
        'outputs','metadata','attachments')} for c in p.nb.cells]))

def directives(source):
    "The `#| key: value` lines of a cell as a dict, and the rest of it"
    mark = r'^[ \t]*#[ \t]*\|[ \t]*([\w-]+)[ \t]*:?[ \t]*(.*?)[ \t]*$'
    found = {k: v.strip('"\'') for k,v in re.findall(mark, source, flags=re.M)}
    return found, re.sub(mark+r'\n?', '', source, flags=re.M).strip('\n')

def parts(text):
    "Markdown in pieces: (is it prose?, piece); fences, raw HTML lines, headings and formulas are not prose"
    code = r'(^(`{3,}|~{3,}).*?^\2[ ]*$|^\$\$.*?\$\$|^#+ .*?$|^<[^\n]*>$)'
    at = 0
    for m in re.finditer(code, text, flags=re.M|re.S):
        yield True, text[at:m.start()]
        yield False, m[0]
        at = m.end()
    yield True, text[at:]

def linked(text, know):
    "Names in backticks become links to their entries; `know` says which: {as written: full name}"
    def f(m): return f'{{py:obj}}`{m[1]}{m[2] or ""} <{know[m[1]]}>`' if m[1] in know else m[0]
    return ''.join(
        re.sub(r'(?<![`\[}\w])`([A-Za-z][\w.]*)(\(\))?`(?![`\]])', f, s) if prose else s for prose,
        s in parts(text))

def callouts(text):
    "Both ways of writing them, `> **Note:** ...` and Quarto's, as MyST's"
    def quote(m):
        body = re.sub(r'^> ?', '', m[0], flags=re.M)
        kind, body = re.match(r'\*\*(\w+):?\*\*:?\s*(.*)', body, flags=re.S).groups()
        return f':::{{{kind.lower()}}}\n{body}\n:::'
    text = re.sub(r'^> \*\*(?:Note|Tip|Warning|Important|Caution|Hint):?\*\*.*(?:\n>.*)*', quote, text, flags=re.M)
    def fence(m):
        kind, a = m[2], dict(re.findall(r'([\w-]+)="([^"]*)"', m[3]))
        state = 'closed' if a.get('collapse') == 'true' else 'open'
        fold = f'\n:collapsible: {state}' if 'collapse' in a else ''
        return f"{m[1]}{{admonition}} {a.get('title', kind.title())}\n:class: {kind}{fold}"
    return re.sub(r'^(:::+) *\{\.callout-(\w+)([^}]*)\} *$', fence, text, flags=re.M)

def markdown(text, pages, know={}):
    "A markdown cell as MyST; `pages` are the stems of the notebooks there are"
    text = re.sub(r'^<!-- \w+ -->\n', '', text)
    # badges without a picture from elsewhere
    text = re.sub(r'\[!\[([^\]]*)\]\([^)]*\)\]\((\S+?)\)', r'[\1](\2){.nb-badge}', text)
    text = re.sub(r'^(\$\$.*?\$\$) *\{#(eq-[\w-]+)\}', r'\1 (\2)', callouts(text), flags=re.M|re.S)
    text = re.sub(r'(?<![\w`])\[?@(fig|eq)-([\w-]+)\]?',
                  lambda m: f"{{{'numref' if m[1] == 'fig' else 'eq'}}}`{m[1]}-{m[2]}`", text)
    def link(m):
        stem, frag = m[2], m[3] or ''
        # to come: no link yet
        if stem not in pages: return m[1]
        return f'[{m[1]}]({page(stem)}.ipynb{"#" if frag else ""}{slug(frag[1:])})'
    return linked(re.sub(r'\[([^\]\n]*)\]\((?:\./)?([\w-]+)\.ipynb(#[^)\s]*)?\)', link, text), know)

def code(cell, heading):
    "A code cell as myst-nb wants it, or None if it is not shown"
    d, source = directives(cell['source'])
    if {'hide', 'default_exp'} & d.keys() or d.get('include') == 'false': return
    if 'nbdev_export()' in source or not source: return
    if source.startswith('show_doc('): return            # the reference has it
    tags, mystnb = [], {'image': {'alt': f'Output: {heading}'}}
    lines, fold = source.splitlines(), None
    exported = {'export', 'exporti'} & d.keys()
    if d.get('code-fold') in ('true', 'show'): fold = d.get('code-summary', 'Show the code')
    elif source.startswith('%pip install'): fold = 'In Colab or Kaggle: install'
    elif exported and all(re.match(r'(from|import) |\s*#|\s|$', l) for l in lines): fold = 'Imports'
    elif exported and len(lines) > LONG: fold = f'Show the code ({len(lines)} lines)'
    if fold: mystnb |= dict(code_prompt_show=fold, code_prompt_hide=fold)
    if d.get('echo') == 'false': tags.append('remove-input')
    elif fold: tags.append('hide-input')
    if d.get('output') == 'false': tags.append('remove-output')
    if 'fig-cap' in d: mystnb['figure'] = dict(caption=d['fig-cap'], **({'name': d['label']} if 'label' in d else {}))
    # progress bars: nothing draws them here
    outs = [o for o in cell.get('outputs', []) if not any('widget' in k for k in o.get('data', {}))]
    if d.get('warning') == 'false': outs = [o for o in outs if o.get('name') != 'stderr']
    return dict(cell_type='code', metadata=dict(tags=tags, mystnb=mystnb), source=source,
                execution_count=None, outputs=outs)

def index():
    "{module: {name as written: full name}} of everything that has an entry"
    return {p.stem: {n: f'sdcourse.{p.stem}.{n}' for n in names(p.read_text(encoding='utf-8'))}
            for p in sorted(lib.glob('[a-z]*.py'))}

def exported(cells):
    "The module that a notebook makes"
    found = re.search(r'^#\|\s*default_exp\s+(\w+)',
                      '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'code'),
                      flags=re.M)
    return found and found[1]

def known(cells, module, idx):
    "The names that a notebook may mean: its own, those it imports, those with a dot, and those with a _ or a capital"
    every = {n: full for d in idx.values() for n,full in d.items()}
    know = {n: full for n,full in every.items() if re.search(r'[_A-Z]', n)} | {f'{m}.{n}': full for m,
        d in idx.items() for n,full in d.items()}
    code = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'code')
    for m,many,few in re.findall(r'^\s*from sdcourse\.(\w+) import (?:\(([^)]*)\)|(.+))', code, flags=re.M):
        wanted = {o.split(' as ')[0].strip() for o in (many or few).split('#')[0].split(';')[0].split(',')}
        know |= {k: full for k,full in idx.get(m, {}).items() if k.split('.')[0] in wanted}
    return know | idx.get(module, {})

def convert(cells, stem, pages, idx, module, know, cfg):
    "Processed cells as a notebook for myst-nb: title, promise, badges, lesson, reference"
    import yaml
    out, heading, fm = [], '', {}
    here = f"{cfg['git_url']}/blob/{cfg['branch']}"
    md = lambda s, **kw: out.append(dict(cell_type='markdown', metadata={}, source=s, **kw))
    for c in cells:
        s = c['source']
        if c['cell_type'] == 'raw':
            fm = yaml.safe_load(s.strip().strip('-')) if s.strip().startswith('---') else {}
            heading = fm.get('title', '')
            if heading: md(f'# {heading}'+(f"\n\n*{fm['description']}*" if fm.get('description') else ''))
        elif c['cell_type'] == 'markdown':
            heading = ([heading]+re.findall(r'^#+ (.+)$', s, flags=re.M))[-1].replace('`', '')
            if s.lower().startswith('[![open in'): s = f'[{stem}.ipynb]({here}/nbs/{stem}.ipynb){{.nb-badge}}\n{s}'
            md(markdown(s, pages, know), **({'attachments': c['attachments']} if c.get('attachments') else {}))
        elif new := code(c, heading):
            out.append(new)
            prose = [o for o in new['outputs'] if 'text/markdown' in o.get('data', {}) and 'text/html' not in o['data']]
            new['outputs'] = [o for o in new['outputs'] if o not in prose]
            # prose that a cell has written is prose
            for o in prose: md(markdown(''.join(o['data']['text/markdown']), pages, know))
    if idx.get(module):
        taken = {slug(h) for c in out if c['cell_type'] == 'markdown'
                 for h in re.findall(r'^#+ (.+)$', c['source'], flags=re.M)}
        link = lambda text, own: linked(text, {k: v for k,v in know.items() if k not in own})
        md('## Reference\n\n'+reference((lib/f'{module}.py').read_text(encoding='utf-8'), f'sdcourse.{module}',
                                        f'{here}/sdcourse/{module}.py', link, taken))
    for i,c in enumerate(out): c['id'] = f'c{i}'
    return dict(nbformat=4, nbformat_minor=5, cells=out, metadata=dict(
        language_info=dict(name='python', pygments_lexer='ipython3'),
            myst=dict(html_meta=dict(description=fm.get('description', '')))))

def toc(pages, titles):
    "The course in its order, section by section, hidden at the end of the home page"
    groups = {'Try it': ['Draw in your browser <live>']}
    for s in in_order(pages): groups.setdefault(part(s), []).append(f'{s[:2]} · {titles[s]} <{page(s)}>')
    groups.setdefault('Look up', []).append('Every name <genindex>')
    return '\n'.join('```{toctree}\n:hidden:\n:caption: %s\n\n%s\n```\n' % (cap, '\n'.join(xs)) for cap,
                     xs in groups.items())

def write(path, text):
    "Leave a file alone that is right already, so that Sphinx builds only what is new"
    if path.exists() and path.read_text(encoding='utf-8') == text: return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')

def sources(dst):
    "All pages for Sphinx, in the folder `dst`"
    paths, cfg, idx = {p.stem: p for p in sorted(nbs.glob('[a-z0-9]*.ipynb'))}, settings(), index()
    def make(stem, path):
        raw = json.loads(path.read_text(encoding='utf-8'))['cells']
        module = exported(raw) or page(stem)
        return convert(processed(path), stem, paths, idx, module, known(raw, module, idx), cfg)
    made = {stem: make(stem, p) for stem,p in paths.items()}
    titles = {stem: re.match(r'# (.+)', nb['cells'][0]['source'])[1] for stem,nb in made.items()}
    text, why = live.page(dst)
    write(dst/'live.md', text)
    if why: print(f'the page that draws is left out: {why}')
    else: made['index']['cells'].insert(2, dict(cell_type='markdown', id='live', metadata={},
                                                source='**[Draw one yourself, in this browser](live.md)**: type a prompt, '
                                                 'move the guidance, watch it denoise. Nothing to install.'))
    made['index']['cells'].append(dict(cell_type='markdown', id='toc', metadata={}, source=toc(paths, titles)))
    for stem,nb in made.items(): write(dst/f'{page(stem)}.ipynb', json.dumps(nb, indent=1))
    for old in set(dst.glob('*.ipynb'))-{dst/f'{page(s)}.ipynb' for s in made}:
        old.unlink()
        (site/'html'/f'{old.stem}.html').unlink(missing_ok=True)
    # for Markdown; for raw HTML
    for to in (dst/'images', dst/'extra'/'images'): shutil.copytree(nbs/'images', to, dirs_exist_ok=True)
    return made

def main():
    start = time.process_time()
    try: from sphinx.cmd.build import main as sphinx
    except ImportError: sys.exit("The docs need more packages: make docs installs them, or pip install -e '.[docs]'")
    made = sources(site/'src')
    rc = sphinx(['-q', '-W', '--keep-going', '-c', str(root/'docs'), '-d', str(site/'doctrees'), '-b', 'html',
                 str(site/'src'), str(site/'html')])
    if rc:
        shutil.rmtree(site/'doctrees')   # or else they would not be named the next time
        sys.exit('The site has the faults named above.')
    first = (site/'html'/'index.html').relative_to(root)
    print(f'{len(made)} pages, {time.process_time()-start:.0f} s of CPU: {first}')

if __name__ == '__main__': main()
