"Whatever the text points to is there: lessons by number and by name, sections, modules, commands"
import re
import pytest
from conftest import cells, lib, notebooks, numbered, root, tracked

stems = {p.stem for p in numbered}
numbers = {int(s[:2]) for s in stems}
modules = {p.stem for p in lib.glob('[a-z]*.py')}

def slug(heading):
    "A heading as it stands in a link"
    return re.sub(r'[`*]', '', heading).strip().replace(' ', '-')

def headings(path):
    "The headings of a notebook, as they stand in links"
    text = '\n'.join(c['source'] for c in cells(path) if c['cell_type'] == 'markdown')
    return {slug(h) for h in re.findall(r'^#+ (.+)$', text, flags=re.M)}

anchors = {p.stem: headings(p) for p in numbered}

def lost(text):
    "What `text` mentions that is not there"
    own = re.sub(r"fast\.ai\\?'s lessons? \d+(,? (and|to) \d+)?|lessons? \d+ of fast\.ai", '', text)
    for m in re.finditer(r'\b[Ll]essons? (\d+)((?:(?:,| and| to) \d+\b(?!_))*)', own):
        for n in re.findall(r'\d+', m[0]):
            if int(n) not in numbers: yield m[0]
    for s in re.findall(r'(?<![\w/.])(\d\d_[a-z]\w+)', text):
        if s not in stems: yield s
    links = re.findall(r'\((\d\d_\w+)\.ipynb#([^)]+)\)', text)
    strings = [(s, h) for _,s,h in re.findall(r"""(['"])(\d\d_\w+)#(.+?)\1""", text)]
    for s,h in links+strings:
        if s in stems and slug(h.replace('%20', ' ')) not in anchors[s]: yield f'{s}#{h}'
    for m in re.findall(r'(?:python -m |from |import |`)sdcourse\.(\w+)', text):
        if m not in modules: yield f'sdcourse.{m}'

@pytest.mark.parametrize('path', notebooks, ids=lambda p: p.stem)
def test_notebook(path):
    found = {f'cell {i}: {o}' for i,c in enumerate(cells(path)) for o in lost(c['source'])}
    assert not found, sorted(found)

def test_other_files():
    "README, Makefile, the model card, docs and tools"
    paths = [p for p in tracked() if p.suffix in ('.md','.js','.html','.yml') or p.name == 'Makefile'
             or p.parent.name in ('tools','docs')]
    text = {p: p.read_text(encoding='utf-8') for p in paths if p.suffix != '.png'}
    found = {f'{p.relative_to(root)}: {o}' for p,t in text.items() for o in lost(t)}
    assert not found, sorted(found)

def test_this_test_can_fail():
    text = 'lesson 99, 98_nothing, `sdcourse.nothing`, [x](33_sampling.ipynb#No-such-heading)'
    assert [*lost(text)] == ['lesson 99', '98_nothing', '33_sampling#No-such-heading', 'sdcourse.nothing']
    assert not [*lost("fast.ai's lesson 9, lesson 33, 33_sampling, `sdcourse.sampling`")]
