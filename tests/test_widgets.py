"""`play` without a browser: its buttons pressed by code. In JupyterLab it is driven by docs/test_lab.py."""
import datetime, io, os, sys, time
import pytest
from PIL import Image
from conftest import quiet, root, sh
from sdcourse.models import load
from sdcourse.widgets import Job, play, _uploaded

@pytest.fixture(scope='module')
def sd(): return load('stickers', device='cpu')

@pytest.fixture
def panel(sd):
    p = play(sd)
    p.steps.value = 2
    yield p
    if p.job:
        p.job.cancel()
        p.job.join(60)

def run(p):
    p.run.click()
    if p.job: p.job.join(120)

def png(im):
    b = io.BytesIO()
    im.save(b, 'png')
    return b.getvalue()

def test_run(panel):
    "Two steps: a film of two, the picture shown, the bar full, the buttons as before"
    run(panel)
    assert len(panel.film) == 2 and panel.picture.size == (64,64) and (panel.bar.value, panel.bar.max) == (2, 2)
    assert not panel.run.disabled and panel.cancel.disabled and 'seed 0, 2 steps' in panel.said
    assert panel.image.value == png(panel.film[-1]) and panel.film[0].tobytes() != panel.film[-1].tobytes()
    panel.frame.value = 0
    assert panel.image.value == png(panel.film[0])

def test_returns_at_once(panel):
    "The handler comes back while the job is still drawing, on a thread of its own; a second click does nothing"
    panel.steps.value = 50
    panel.run.click()
    job = panel.job
    assert job.is_alive() and panel.run.disabled and not panel.cancel.disabled
    panel.run.click()
    assert panel.job is job
    panel.cancel.click()
    job.join(60)
    assert not job.is_alive() and len(panel.film) < 50 and 'cancelled' in panel.said and panel.picture is None

def test_after_cancel(panel):
    panel.steps.value = 50
    panel.run.click()
    panel.cancel.click()
    panel.job.join(60)
    panel.steps.value = 2
    run(panel)
    assert len(panel.film) == 2 and panel.picture is not None

def negative_at_1(p):
    p.negative.value = 'red'
    p.guidance.value = 1

@pytest.mark.parametrize('change, says', [
    (lambda p: setattr(p.start, 'value', 'the last picture'), 'no last picture yet'),
    (lambda p: setattr(p.start, 'value', 'an upload'), 'nothing was uploaded'),
    (negative_at_1, 'at guidance 1 a negative prompt does nothing')])
def test_errors_before(panel, change, says):
    "One line, no job, and the next try works"
    change(panel)
    panel.run.click()
    assert says in panel.said and '\n' not in panel.said and '#c22' in panel.says.value
    assert panel.job is None and not panel.run.disabled
    panel.start.value, panel.negative.value = 'noise', ''
    run(panel)
    assert '2 steps' in panel.said

def test_error_while_drawing(panel):
    "What breaks in the thread is said in the panel"
    def broken(z): raise RuntimeError('no\nmemory <left>')
    panel.look = broken
    run(panel)
    assert panel.said == 'RuntimeError: no memory <left>' and '&lt;left&gt;' in panel.says.value
    assert not panel.run.disabled and panel.cancel.disabled

def test_unknown_word(panel):
    panel.prompt.value = 'a fox on the beech'
    run(panel)
    assert "'beech'" in panel.said and 'beach' in panel.said and '2 steps' in panel.said

def upload(p, data):
    "What a browser does when a file is chosen, in ipywidgets 7 and 8"
    if isinstance(p.upload.value, dict): new = {'a.png': dict(metadata={}, content=data)}
    else: new = (dict(name='a.png', type='image/png', size=len(data), content=memoryview(data),
                      last_modified=datetime.datetime.now()),)
    p.upload.set_trait('value', new)

def test_upload(panel):
    "Any size and kind of picture; and something that is none"
    panel.steps.value = 4
    upload(panel, png(Image.new('RGBA', (100,30), 'orange')))
    assert panel.start.value == 'an upload' and not panel.strength.disabled
    run(panel)
    # .6 of 4, and the first of these is shorter
    assert '3 steps' in panel.said and panel.picture.info['sdcourse']['edits'][-1]['strength'] == .6
    upload(panel, b'no picture')
    panel.run.click()
    assert 'not a picture that can be read' in panel.said
    assert _uploaded({}) is None and _uploaded(()) is None

def test_nothing_global(panel):
    "Random numbers, gradients and the model are as they were"
    import torch
    torch.manual_seed(1)
    want = torch.rand(3)
    before = {k: v.clone() for k,v in panel.sd.unet.state_dict().items()}
    forward = [m.__dict__.get('forward') for m in panel.sd.unet.modules()]
    torch.manual_seed(1)
    run(panel)
    assert torch.equal(torch.rand(3), want) and torch.is_grad_enabled()
    assert all(torch.equal(v, before[k]) for k,v in panel.sd.unet.state_dict().items())
    assert forward == [m.__dict__.get('forward') for m in panel.sd.unet.modules()]

def test_two_panels(sd):
    "Side by side, on one model, both draw what they draw alone"
    def make(seed):
        p = play(sd)
        p.steps.value, p.seed.value = 6, seed
        return p
    alone = []
    for s in (1,2):
        p = make(s)
        run(p)
        alone.append(p.picture.tobytes())
    ps = [make(s) for s in (1,2)]
    for p in ps: p.run.click()
    for p in ps: p.job.join(120)
    assert [p.picture.tobytes() for p in ps] == alone

def test_job_ends():
    "Exactly one end, whatever happens"
    for todo,cancel,want in ((iter('ab'), False, 'done'), (iter(int, 1), True, 'cancelled')):
        ends = []
        j = Job(todo, lambda o: time.sleep(.001), ends.append)
        if cancel: j.cancel()
        j.join(10)
        assert ends == [want] and not j.is_alive()
    ends = []
    Job(map(lambda x: 1/x, [1,0]), lambda o: None, ends.append).join(10)
    assert len(ends) == 1 and isinstance(ends[0], ZeroDivisionError)

@pytest.mark.heavy
def test_old_ipywidgets(tmp_path):
    "The version of Colab draws too"
    rc, out = sh(sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-compile',
                 '--target', tmp_path, 'ipywidgets==7.7.1', 'ipython_genutils', env=os.environ)
    unreachable = ('NewConnectionError', 'Name or service not known', 'Temporary failure in name resolution')
    if rc and any(s in out for s in unreachable): pytest.skip('the package registry cannot be reached')
    assert rc == 0, out[-3000:]
    code = f"""
import sys; sys.path.insert(0, {str(root/'tests')!r})
import ipywidgets; print(ipywidgets.__version__)
from test_widgets import load, play, png, run, upload
from PIL import Image
p = play(load('stickers', device='cpu')); p.steps.value = 2
run(p); print(p.said)
upload(p, png(Image.new('RGB', (80,80), 'orange'))); p.steps.value = 4
run(p); print(p.start.value, p.said)
p.start.value = 'the last picture'; p.run.click(); p.cancel.click(); p.job.join(); print(len(p.film) < 4)
"""
    rc, out = sh(sys.executable, '-c', code, env=quiet | dict(PYTHONPATH=str(tmp_path)))
    assert rc == 0, out[-3000:]
    assert out.splitlines()[0] == '7.7.1', out
    assert 'seed 0, 2 steps' in out and 'an upload seed 0, 3 steps' in out, out
    assert out.rstrip().endswith('True'), out
