"The wheel holds what it should, and nothing else"
import io, re, shutil, sys, zipfile
from email import message_from_string
import pytest
from conftest import lib, root, sh, tracked

@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    "A wheel, made from the source distribution, made from the files that git knows: as a stranger would get it"
    d = tmp_path_factory.mktemp('dist')
    src = tmp_path_factory.mktemp('src')
    for p in tracked():
        to = src/p.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(p, to)
    rc, out = sh(sys.executable, '-m', 'build', '--no-isolation', '--outdir', d, src)
    assert rc == 0, out[-3000:]
    (path,) = d.glob('*.whl')
    with zipfile.ZipFile(path) as z: yield z

def names(wheel): return [i.filename for i in wheel.infolist() if not i.is_dir()]
def info(wheel, name): return wheel.read(next(n for n in names(wheel) if n.endswith(f'.dist-info/{name}'))).decode()

def test_complete(wheel):
    "Every file of the package that git knows is there, whole"
    sizes = {i.filename: i.file_size for i in wheel.infolist()}
    want = [p for p in tracked('sdcourse') if p.suffix != '.pyc']
    missing = [str(p.relative_to(root)) for p in want if str(p.relative_to(root)) not in sizes]
    assert not missing
    assert not [n for p in want if p.suffix != '.py' and sizes[n := str(p.relative_to(root))] != p.stat().st_size]
    assert any(n.startswith('sdcourse/data/') for n in sizes) and 'sdcourse/core.py' in sizes

def test_weights(wheel):
    "The embedded model as soon as it is in the tree; 60 MB at most, and 25 more for what was distilled from it"
    w = [i for i in wheel.infolist() if i.filename.startswith('sdcourse/weights/')]
    if (lib/'weights'/'stickers'/'model_index.json').exists():
        have = {i.filename.removeprefix('sdcourse/weights/stickers/') for i in w}
        assert {'model_index.json', 'README.md', 'unet/config.json', 'vae/config.json', 'text_encoder/config.json',
                'tokenizer/vocab.json', 'tokenizer/merges.txt', 'scheduler/scheduler_config.json'} <= have
        assert all(any(n.startswith(f'{part}/') and n.endswith('.safetensors') for n in have)
                   for part in ('unet','vae','text_encoder'))
    more = sum(i.file_size for i in w if "/fast/" in i.filename or "/structure/" in i.filename)
    assert sum(i.file_size for i in w)-more <= 60e6 and more <= 25e6

def test_nothing_else(wheel):
    "No notebooks, caches, tests or tools"
    ok = re.compile(r'sdcourse/(\w+\.py|(data|weights)/.+)|sdcourse-[\w.]+\.dist-info/.+')
    junk = re.compile(r'__pycache__|\.pyc$|\.ipynb|\.tmp$|\.gitignore|\.DS_Store')
    assert not [n for n in names(wheel) if not ok.fullmatch(n) or junk.search(n)]

def test_no_pickle(wheel):
    "Nothing that runs code when it is loaded"
    import numpy as np
    assert not [n for n in names(wheel) if n.endswith(('.pkl','.pickle','.pt','.pth','.bin','.ckpt','.joblib','.npy'))]
    for n in names(wheel):
        if n.endswith('.npz'):
            with np.load(io.BytesIO(wheel.read(n)), allow_pickle=False) as z: assert all(z[k].size for k in z)
        if n.endswith(('.safetensors','.webp','.png')):
            assert wheel.read(n)[:1] != b'\x80'   # how a pickle begins

def test_about(wheel):
    m = message_from_string(info(wheel, 'METADATA'))
    assert m['License-Expression'] == 'Apache-2.0' and 'LICENSE' in m.get_all('License-File')
    assert 'torch' in m.get_all('Requires-Dist') and m['Description-Content-Type'] == 'text/markdown'
    assert 'sdcourse = sdcourse.cli:main' in info(wheel, 'entry_points.txt')
    assert 'sdcourse = sdcourse._modidx:d' in info(wheel, 'entry_points.txt')
    assert 'Apache License' in info(wheel, 'licenses/LICENSE')
    if (root/'NOTICE').exists(): assert info(wheel, 'licenses/NOTICE')

def test_works(wheel, tmp_path):
    "Unpacked elsewhere, it imports, and finds its data"
    wheel.extractall(tmp_path)
    code = "import sdcourse; print(sdcourse.__file__)"
    if (lib/'stickers.py').exists():
        code += "; from sdcourse.stickers import make_world; im,c = make_world()[0]; print(im.shape, c)"
    rc, out = sh(sys.executable, '-c', code, cwd=tmp_path, env=dict(PYTHONPATH=str(tmp_path), PATH=''))
    assert rc == 0 and out.startswith(str(tmp_path)), out
