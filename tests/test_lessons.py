"make lesson: the runner tells what went wrong and where, and skips what it should"
import re, sys
import nbformat.v4 as v4, nbformat
import pytest
from conftest import numbered
import lessons

@pytest.fixture
def place(tmp_path, monkeypatch):
    "A project of two lessons"
    (tmp_path/'nbs').mkdir()
    for k,v in dict(root=tmp_path, nbs=tmp_path/'nbs', out=tmp_path/'_lessons').items():
        monkeypatch.setattr(lessons, k, v)
    def put(name, *sources):
        nb = v4.new_notebook(cells=[v4.new_markdown_cell('# Hello')]+[v4.new_code_cell(s) for s in sources])
        nb.cells[-1].metadata.tags = ['skip-execution']
        nbformat.write(nb, tmp_path/'nbs'/f'{name}.ipynb')
    put('00_good', 'x = 1', '#| eval: false\nx = 2', '#| gpu\nx = 3',
        'import nbdev; nbdev.nbdev_export()',
        'from PIL import Image; print("x is", x); Image.new("RGB", (9,9))', '1/0')
    put('01_bad', 'x = 1', 'x.nothing', 'print("not reached")', '1/0')
    return tmp_path

def run(monkeypatch, *args):
    "What `python tools/lessons.py ...` exits with"
    monkeypatch.setattr(sys, 'argv', ['lessons.py', *args])
    with pytest.raises(SystemExit) as e: lessons.main()
    return e.value.code

def test_all(place, monkeypatch, capfd):
    monkeypatch.setattr(lessons, 'has_gpu', lambda: False)
    assert run(monkeypatch, 'all') == 1
    said = capfd.readouterr().out
    assert re.search(r'00_good \.\.\. ok, \d+ s, \d+ s of CPU, see _lessons/00_good\.html', said)
    assert re.search(r'01_bad \.\.\. FAILED in cell 3/5 \(id \w+\)',
                     said) and "AttributeError: 'int' object has no attribute 'nothing'" in said
    assert '1 of 2 lessons ran' in said and 'failed: 01_bad' in said
    page = (place/'_lessons'/'00_good.html').read_text()
    assert 'x is 1' in page and 'data:image/png;base64' in page
    assert 'nothing' in (place/'_lessons'/'01_bad.html').read_text()
    done = nbformat.read(place/'_lessons'/'00_good.ipynb', 4)
    nbformat.validate(done)
    assert [bool(c.get('outputs')) for c in done.cells] == [False]*5+[True, False]
    assert not list((place/'_lessons').glob('*.tmp'))

def test_names(place, monkeypatch):
    assert [p.stem for p in lessons.find(['00', 'bad'])] == ['00_good', '01_bad']
    assert 'There is no lesson' in run(monkeypatch, 'zz') and '00_good, 01_bad' in run(monkeypatch, 'zz')
    assert 'fits several' in run(monkeypatch, '0')

def test_skips():
    cell = lambda s, **kw: nbformat.from_dict(dict(source=s, metadata=kw, cell_type='code'))
    assert lessons.skips(cell('#| eval: false\n1')) and lessons.skips(cell(
        '#|eval: false\n1')) and lessons.skips(cell('1', tags=['skip-execution']))
    assert lessons.skips(cell('#| gpu\n1')) and not lessons.skips(cell('#| gpu\n1'), gpu=True)
    assert not lessons.skips(cell('#| hide\n1')) and not lessons.skips(cell('#| eval: true\n1'))

def test_readable():
    "The lessons of this project can be found by number"
    for p in numbered: assert lessons.find([p.stem[:3]]) == [p]

def test_directives():
    "A directive without a value leaves the next line alone"
    assert lessons.directives('#| export\n#| eval: false\nx = 1') == {'export': '', 'eval': 'false'}
    assert lessons.directives('#| code-fold: true\n\nx') == {'code-fold': 'true'}
