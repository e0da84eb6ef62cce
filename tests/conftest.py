"What several test files need"
import json, os, re, subprocess, sys
from pathlib import Path
import pytest

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'tools'))
sys.path.insert(0, str(root/'tests'))
from runner import Runner
nbs = root/'nbs'
lib = root/'sdcourse'
bin_ = Path(sys.executable).parent
notebooks = sorted(nbs.glob('*.ipynb'))
numbered = [p for p in notebooks if re.match(r'\d\d_', p.name)]
# tests and notebooks run side by side, one thread each
os.environ |= dict(OMP_NUM_THREADS='1', OMP_WAIT_POLICY='PASSIVE')
quiet = {k: v for k,v in os.environ.items() if k != 'SDCOURSE_MODEL'} | dict(
    HF_HUB_OFFLINE='1', TOKENIZERS_PARALLELISM='false')

# notebooks whose cells take more than about 100 s of CPU (`make run` prints it): `make test` leaves
# them to `make test-heavy`
HEAVY = {'10_pipelines', '12_img2img', '21_noising', '24_unet', '34_samplers', '35_losses', '40_training',
         '41_textual_inversion', '43_dreambooth', '44_structure', '45_upscale', '50_distill', '51_editing',
         '52_imagic', '72_release', '73_recipe'}

def pytest_configure(config):
    "Tests marked slow or heavy wait until somebody asks: make test-all, or -m heavy"
    config.addinivalue_line('markers', 'slow: takes minutes; run only with -m slow')
    config.addinivalue_line('markers', 'heavy: runs a notebook that trains; run with -m heavy')
    config.option.markexpr = config.option.markexpr or 'not slow and not heavy'

def pytest_collection_modifyitems(items):
    "Notebooks are waited for last: they run beside all the other tests"
    items.sort(key=lambda i: getattr(i, 'originalname', '') in ('test_runs','test_litter'))

def pytest_collection_finish(session):
    wanted = [i.callspec.params['path'] for i in session.items if getattr(i, 'originalname', '') == 'test_runs']
    wanted.sort(key=lambda p: -p.stat().st_size)      # the long ones first, or nearly so
    if session.config.option.collectonly: wanted = []
    session.config.notebooks = Runner(wanted, quiet, int(os.environ.get('SDCOURSE_TEST_WORKERS', 2)))

def pytest_sessionfinish(session):
    if hasattr(session.config, 'notebooks'): session.config.notebooks.stop()

def cells(path):
    return [{**c, 'source': ''.join(c['source'])} for c in json.loads(path.read_text(encoding='utf-8'))['cells']]

def sh(*args, **kw):
    "Run a command, return (exit status, all it said)"
    r = subprocess.run([str(o) for o in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, **({'cwd': root, 'env': quiet} | kw))
    return r.returncode, re.sub(r'\x1b\[[0-9;]*m', '', r.stdout)

def tracked(*under):
    "Files that git knows, as paths; skips the test where there is no repository"
    if not (root/'.git').exists(): pytest.skip("not a git checkout")
    rc, out = sh('git', 'ls-files', '-z', *under)
    assert rc == 0, out
    return [root/p for p in out.split('\0') if p and (root/p).is_file()]
