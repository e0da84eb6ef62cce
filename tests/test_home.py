"`make home` gives the project an address, everywhere and again"
import re, shutil
import pytest
import home
from conftest import root

@pytest.fixture
def copy(tmp_path):
    "The text files of the project in another folder"
    paths = []
    for p in home.tracked(root):
        to = tmp_path/p.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(p, to)
        paths.append(to)
    return tmp_path, paths

def test_moves(copy):
    "No address of the old home is left, and a second move works as well as the first"
    at, paths = copy
    old = home.current(at)
    for new in (('alice','course-two'), ('bob','sdcourse')):
        assert len(home.move(new, paths, at)) > 40
        assert home.current(at) == new
        text = '\n'.join(p.read_text(encoding='utf-8') for p in paths if p.name != 'test_home.py')
        assert f'github.com/{new[0]}/{new[1]}' in text and f'{new[0]}.github.io/{new[1]}' in text
        assert not [f for found,f in home.patterns(*old) if found.search(text)]
        old = new

def test_package_keeps_its_name(copy):
    "A repository may be called anything, the package is sdcourse"
    at, paths = copy
    home.move(('alice','my-course'), paths, at)
    assert re.search(r'^lib_name = sdcourse$', (at/'settings.ini').read_text(), flags=re.M)
    assert 'name = "sdcourse"' in (at/'pyproject.toml').read_text()

def test_other_repositories_stay():
    text = 'github.com/huggingface/diffusers, github.com/USER/sdcourse-extra and github.com/USER/sdcourse'
    assert home.moved(text, ('USER','sdcourse'), ('a','b')) \
        == 'github.com/huggingface/diffusers, github.com/USER/sdcourse-extra and github.com/a/b'
