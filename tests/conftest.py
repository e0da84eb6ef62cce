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

# notebooks whose cells take more than about 40 s of CPU on a quiet machine (`make run` prints it):
# `make test` leaves them to `make test-heavy`
HEAVY = {'07_models', '08_judge', '10_pipelines', '11_guidance', '12_img2img', '20_score',
         '21_noising', '22_autoencoder', '23_contrastive', '24_unet', '30_text',
         '31_latents', '32_schedules', '33_sampling', '34_samplers', '35_losses',
         '36_optimizers', '40_training', '41_textual_inversion', '42_lora',
         '43_dreambooth', '44_structure', '45_upscale', '46_overnight', '50_distill',
         '51_editing', '52_imagic', '60_maths', '72_release', '73_recipe', '85_follow'}

def pytest_configure(config):
    "Tests marked slow or heavy wait until somebody asks: make test-all, or -m heavy"
    config.addinivalue_line('markers', 'slow: takes minutes; run with -m slow, or make test-all')
    config.addinivalue_line('markers', 'heavy: takes long; run with make test-heavy, as .ci/run does')
    config.option.markexpr = config.option.markexpr or 'not slow and not heavy'

def notebook_of(item):
    "The notebook that a test runs; None for any other test"
    return item.callspec.params['path'] if getattr(item, 'originalname', '') == 'test_runs' else None

def pytest_collection_modifyitems(items):
    "Notebooks run beside the other tests and are waited for last; the large files come first"
    def order(item):
        size = notebook_of(item).stat().st_size if notebook_of(item) else 0
        return bool(size) or item.name == 'test_litter', -size
    items.sort(key=order)

def pytest_collection_finish(session):
    wanted = [] if session.config.option.collectonly else [*map(notebook_of, session.items)]
    workers = int(os.environ.get('SDCOURSE_TEST_WORKERS', 2))
    session.config.notebooks = Runner([*filter(None, wanted)], quiet, workers)

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
