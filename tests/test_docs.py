"What the docs site makes of a notebook, without building it (make docs-test does that, in a browser)"
import pytest
from conftest import lib, nbs, numbered
from docs import callouts, code, convert, directives, exported, index, known, linked, markdown, page, processed, settings, toc
from course import in_order, part
from reference import defined, names, reference

def cell(source, outputs=(), **meta): return dict(cell_type='code', source=source, outputs=list(outputs), metadata=meta)

# code cells

def test_directives():
    assert directives('#| export\ndef f(): pass\n') == ({'export': ''}, 'def f(): pass')
    assert directives('#|code-fold: true\n#| fig-cap: "A fox"\n\nx\n# | hide\ny') == (
        {'code-fold': 'true', 'fig-cap': 'A fox', 'hide': ''}, 'x\ny')
    assert directives('x = 1  # not | this') == ({}, 'x = 1  # not | this')

@pytest.mark.parametrize('source', ['#| hide\nx', '#| default_exp core',
                                    '#| include: false\nx', 'import nbdev; nbdev.nbdev_export()',
                                    'show_doc(f)', '#| export\n'])
def test_not_shown(source): assert code(cell(source), '') is None

def test_exported_code_is_shown():
    "A lesson without its functions would be none; nbdev's own pages leave them out"
    for word in ('export', 'exporti'):   # exporti: in the module, but not handed out by it
        c = code(cell(f'#| {word}\ndef f(x):\n    return x'), '')
        assert c['source'] == 'def f(x):\n    return x' and not c['metadata']['tags']

@pytest.mark.parametrize('source,word', [('#| code-fold: true\nx', 'Show the code'),
                                         ('#| code-fold: true\n#| code-summary: "Solution"\nx', 'Solution'),
    ('%pip install -q something', 'install'), ('#| export\nimport math\nfrom .core import (Table,\n    Timer)',
                                               'Imports'), ('#| export\nimport math\nfrom .core import Table',
                                                            'Imports'),
    ('#| export\ndef f():\n'+'    x = 1\n'*40, '41 lines'),
    ('#| export\nimport math\ndef f(): pass', None), ('from .core import Table', None)])
def test_folded(source, word):
    meta = code(cell(source), '')['metadata']
    assert ('hide-input' in meta['tags']) == (word is not None)
    if word: assert word in meta['mystnb']['code_prompt_show']

def test_options():
    assert code(cell('#| echo: false\nx'), '')['metadata']['tags'] == ['remove-input']
    assert code(cell('#| output: false\nx'), '')['metadata']['tags'] == ['remove-output']
    c = code(cell('#| label: fig-fox\n#| fig-cap: "A fox"\nx'), 'Seeds')
    assert c['metadata']['mystnb'] == dict(image=dict(alt='Output: Seeds'),
                                           figure=dict(caption='A fox', name='fig-fox'))

def test_outputs():
    bar = dict(output_type='display_data',
               data={'application/vnd.jupyter.widget-view+json': {}, 'text/plain': '0%'},
               metadata={})
    err, out = (dict(output_type='stream', name=n, text='x') for n in ('stderr','stdout'))
    assert code(cell('x', [bar, err, out]), '')['outputs'] == [err, out]
    assert code(cell('#| warning: false\nx', [err, out]), '')['outputs'] == [out]

# text

def test_links():
    text = 'See [11_guidance](11_guidance.ipynb), [its end](11_guidance.ipynb#What-you-learned), [later](43_dreambooth.ipynb), [far](https://a.b/c.ipynb).'
    assert markdown(text, ['11_guidance']) == 'See [11_guidance](guidance.ipynb), [its end](guidance.ipynb#what-you-learned), later, [far](https://a.b/c.ipynb).'

def test_badges():
    "No pictures from elsewhere"
    assert markdown('[![Open in Colab](https://x.y/b.svg)](https://z/n.ipynb)',
                    []) == '[Open in Colab](https://z/n.ipynb){.nb-badge}'

def test_callouts():
    assert callouts('a\n\n> **Note:** b\n> c\n\nd') == 'a\n\n:::{note}\nb\nc\n:::\n\nd'
    assert callouts('> **Line 4.** just a quotation') == '> **Line 4.** just a quotation'
    assert callouts('::: {.callout-tip title="T" collapse="true"}\nx\n:::') == '::: {admonition} T\n:class: tip\n:collapsible: closed\nx\n:::'.replace('::: {', ':::{')

def test_labels():
    assert markdown('$$a=b$$ {#eq-x}\n\nBy @eq-x and @fig-fox, but not me@fig-x.',
        []) == '$$a=b$$ (eq-x)\n\nBy {eq}`eq-x` and {numref}`fig-fox`, but not me@fig-x.'

def test_names_become_links():
    know = dict(denoise='sdcourse.sampling.denoise')
    assert linked('`denoise` and `denoise()`, not `x`', know) == '{py:obj}`denoise <sdcourse.sampling.denoise>` and {py:obj}`denoise() <sdcourse.sampling.denoise>`, not `x`'
    for same in ('## `denoise`', '```\n`denoise`\n```', '[`denoise`](x)', '{eq}`denoise`', '$$`denoise`$$'):
        assert linked(same, know) == same

def test_known():
    "A word in backticks means a function only where that is sure"
    idx = dict(sampling=dict(denoise='s.denoise', add_noise='s.add_noise'),
               pipelines=dict(noise='p.noise', film='p.film'), core=dict(Table='c.Table'))
    know = known([cell('from sdcourse.pipelines import noise as n, x')], 'sampling', idx)
    assert know == {'add_noise': 's.add_noise', 'Table': 'c.Table', 'sampling.denoise': 's.denoise',
                    'sampling.add_noise': 's.add_noise', 'pipelines.noise': 'p.noise',
                    'pipelines.film': 'p.film', 'core.Table': 'c.Table', 'noise': 'p.noise', 'denoise': 's.denoise'}

# pages

def test_pages():
    assert page('33_sampling') == 'sampling' and page('index') == 'index'
    assert [part(s) for s in ('00_core','10_pipelines','84_widgets')] == ['The workshop','Use it','Look up']

def test_exported():
    assert exported([dict(cell_type='markdown', source='x'),
                     cell(['#| default_exp maths\n', 'y'])]) == 'maths' and not exported([])

def test_order():
    "Whatever lessons there are, they stand in the course's order"
    names = ['44_structure','00_core','index','43_dreambooth','81_glossary','10_pipelines']
    assert in_order(names) == ['10_pipelines','43_dreambooth','44_structure','81_glossary','00_core']
    t = toc(names, {n: n.title() for n in names})
    at = [t.index(s) for s in ('Use it','10 · 10_Pipelines <pipelines>','Teach it','43_Dreambooth',
                               '44_Structure','81_Glossary','genindex','The workshop',
                               '00_Core <core>')]
    assert at == sorted(at) and 'index>' not in t.replace('genindex>', '')

@pytest.fixture(scope='module')
def idx(): return index()

@pytest.mark.parametrize('stem', ['index', '33_sampling'])
def test_convert(stem, idx):
    "Title, promise, badges, pictures, reference; nothing that nbformat does not know"
    import nbformat
    path = nbs/f'{stem}.ipynb'
    pages = [p.stem for p in numbered]
    nb = convert(processed(path), stem, pages, idx, page(stem), known([], page(stem), idx), settings())
    nbformat.validate(nb)
    text = '\n\n'.join(c['source'] for c in nb['cells'])
    assert nb['cells'][0]['source'].startswith('# ') and '\n\n*' in nb['cells'][0]['source']
    assert '#| ' not in text and 'nbdev_export' not in text and '(10_pipelines.ipynb' not in text
    assert any('image' in k for c in nb['cells'] for o in c.get('outputs', []) for k in o.get('data', {}))
    if stem == 'index': assert '](sampling.ipynb)' in text
    else: assert text.count('{.nb-badge}') == 3 and '## Reference' in text and 'def denoise(' in text

# the reference

MODULE = '''
"A module"
__all__ = ['N', 'f', 'Step']
from dataclasses import dataclass
N = 400e6   # points on a side
def f(
    x,             # (b,3,h,w), in [-1,1]
    step=_g('a'),  # Takes a `Step` | or not
    *args, size:int|None=64, **kw # more
)->str: # What *comes* out
    "Does it with `x` and `N`"
@dataclass
class Step:
    "One step"
    i:int               # Number, from 0
    x:object=field()    # Latents
    s:float=1e3         # Noise level
    def go(self, far=True): return far   # one further
    @property
    def t(self): "Timestep"
    def _hidden(self): pass
def hidden(): pass
'''

def test_reference():
    know = {'N': 'm.N', 'x': 'm.x'}
    out = reference(MODULE, 'm', 'http://src',
                    lambda s, own: linked(s, {k: v for k,v in know.items() if k not in own}),
                    taken={'f'})
    want = ["{py:function} f(x, step=_g('a'), *args, size: int | None=64, **kw) -> str", ':module: m',
            'Does it with `x` and {py:obj}`N <m.N>`',
            '| name | type | default | what it is |', '| `x` |  |  | (b,3,h,w), in \\[-1,1\\] |',
            "| `step` |  | `_g('a')` | Takes a `Step` \\| or not |",
            '| *returns* | `str` |  | What \\*comes\\* out |', '[source](http://src#L6){.nb-source}', '{py:data} N',
            'points on a side',
            '{py:class} Step(i, x, s=1000.0)', '| `i` | `int` |  | Number, from 0 |',
            '| `x` | `object` |  | Latents |', '| `s` | `float` | `1e3` | Noise level |',
            '{py:method} Step.go(far=True)', 'one further', '{py:property} Step.t\n', 'Timestep',
            '<span id="step"></span>']
    assert not [w for w in want if w not in out], out
    assert 'hidden' not in out and '<span id="f">' not in out
    assert list(names(MODULE)) == ['N', 'f', 'Step', 'Step.go', 'Step.t']

@pytest.mark.parametrize('path', sorted(lib.glob('[a-z]*.py')), ids=lambda p: p.stem)
def test_every_name(path):
    "Each export has its entry"
    source = path.read_text(encoding='utf-8')
    out = reference(source, path.stem, 'u')
    assert not [n for n in defined(source)[1] if f'}} {n}' not in out]
