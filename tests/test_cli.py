"The command line, as a user types it"
import os, subprocess, sys, time
from pathlib import Path
import numpy as np, pytest
from sdcourse.cli import main
from sdcourse.pipelines import generate, read_png

def sdcourse(*words, **env):
    return subprocess.run([Path(sys.executable).parent/'sdcourse', *words], capture_output=True,
                          text=True, timeout=300, env={**os.environ, **env})

def test_installed():
    "The command itself, not only the module"
    from importlib.metadata import entry_points
    ep, = (e for e in entry_points(group='console_scripts') if e.name=='sdcourse')
    assert ep.value == 'sdcourse.cli:main'

def test_help_is_quick():
    times = []
    for _ in range(4):
        t = time.time()
        out = sdcourse('--help')
        times.append(time.time()-t)
    assert out.returncode==0 and 'draw' in out.stdout and 'info' in out.stdout
    assert min(times) < .5   # 0.1 s on an idle machine

@pytest.mark.parametrize('module', ['sdcourse', 'sdcourse.cli'])
def test_light(module):
    out = subprocess.run([sys.executable, '-c', f'import sys, {module}; print(*(m for m in '
                                                '("torch", "numpy", "diffusers", "transformers", '
                                                '"matplotlib") if m in '
                                                'sys.modules))'], capture_output=True, text=True)
    assert out.stdout.strip()=='', out

def test_draw_as_in_the_readme(tmp_path):
    out = sdcourse('draw', 'a fox on a teal background', '-o', str(tmp_path/'fox.png'), '--seed', '1')
    assert out.returncode==0, out.stderr
    assert out.stdout.split() == [str(tmp_path/'fox.png')] and out.stderr==''
    im = read_png(tmp_path/'fox.png')
    same = generate('a fox on a teal background', seed=1)[0]
    assert np.abs(np.asarray(im, int)-np.asarray(same, int)).max() <= 2
    assert im.info['sdcourse']['seed']==1 and im.info['sdcourse']['model']==same.info['sdcourse']['model']

def test_all_options(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main('draw cat -o cat.png -n 2 --seed 5 --steps 3 --guidance 2 --negative dog --size 96 '
                '--model stickers'.split()) == 0
    assert capsys.readouterr().out.split() == ['cat_0.png', 'cat_1.png']
    info = read_png('cat_1.png').info['sdcourse']
    assert {k: info[k] for k in ('seed', 'steps', 'guidance', 'negative', 'size')} == dict(seed=6,
        steps=3, guidance=2., negative='dog', size=[96,96])

def test_info(capsys):
    assert main(['info']) == 0
    out = capsys.readouterr().out
    for word in ('device', 'memory', 'torch', 'diffusers', 'embedded model', 'SD 1.4, 1.5', 'SD 2, 2.1'):
        assert word in out
    assert 'missing' not in out

@pytest.mark.parametrize('words, code, says', [
    ([], 2, 'required'),
    (['paint'], 2, 'invalid choice'),
    (['draw'], 2, 'required'),
    (['draw', 'a fox', '--steps', 'many'], 2, 'invalid int'),
])
def test_usage(words, code, says, capsys):
    with pytest.raises(SystemExit) as e: main(words)
    assert e.value.code==code and says in capsys.readouterr().err

@pytest.mark.parametrize('words, says', [
    ('--steps 0', 'steps is at least 1'),
    ('-n 0', '-n is at least 1'),
    ('--size 50', 'multiple of 8'),
    ('-o fox.jpg', '.png'),
    ('-o no/such/folder/fox.png', 'no folder'),
    ('--model no-such-model', 'no model or folder'),
])
def test_expected_errors(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(['draw', 'a fox', *words.split()]) == 1
    err = capsys.readouterr().err
    assert says in err and err.count('\n')==1 and err.startswith('sdcourse: ') and not os.listdir(tmp_path)

def test_no_traceback_in_a_real_process(tmp_path):
    out = sdcourse('draw', 'a fox', '-o', str(tmp_path/'fox.png'), '--model',
                   'CompVis/stable-diffusion-v1-4', HF_HUB_OFFLINE='1', HF_HOME=str(tmp_path))
    assert out.returncode==1 and 'Traceback' not in out.stderr and out.stderr.count('\n')==1
    assert 'the hub cannot be reached' in out.stderr
