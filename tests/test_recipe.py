"The recipe in two processes: they begin together, and a checkpoint brings both of them back"
import os, subprocess, sys
import pytest, torch

def two_processes(out, *words):
    "What `python -m sdcourse.recipe --stage clip` prints in two processes"
    start = '-m torch.distributed.run --standalone --nproc_per_node 2 -m sdcourse.recipe --stage clip'
    res = subprocess.run([sys.executable, *start.split(), '--workers', '0', '--bs', '4', '--out', out, *words],
                         capture_output=True, text=True, timeout=600,
                         env=os.environ | dict(ACCELERATE_USE_CPU='true', OMP_NUM_THREADS='1'))
    assert res.returncode == 0, res.stderr[-2000:]
    return res.stdout

@pytest.mark.heavy
def test_begin_and_resume(tmp_path):
    out = tmp_path/'two'
    assert '2 processes share the work' in two_processes(out, '--steps', '2')
    assert 'going on at step 2' in two_processes(out, '--steps', '3', '--resume')
    assert torch.load(out/'clip.pt', weights_only=True)['step'] == 3
