"The benchmark runs, and what it finds is not slower or longer than promised where that does not depend on the machine"
import re, sys, pytest
from conftest import lib, root, sh

def bench(*args):
    rc, out = sh(sys.executable, root/'tools'/'bench.py', '--quick', '--device', 'cpu', *args)
    assert rc == 0, out[-3000:]
    return out

@pytest.mark.heavy
def test_quick():
    "Latents of six samplers, overhead and lines; all but the figures of time are the same everywhere"
    out = bench('--only', 'same', 'overhead', 'lines', '--rounds', '1')
    rows = [l for l in out.splitlines() if re.search(r'<= \S+ +(yes|no)$', l)]
    assert sum(l.startswith('latents, ') for l in rows) == 6 and sum(l.startswith('overhead')
        for l in rows) == 6 and sum(l.startswith('lines, ') for l in rows) == 2
    assert not [l for l in rows if l.endswith('no') and not l.startswith('overhead')], out

TRAIN = ('textual inversion, a step', 'DreamBooth, a step') if (lib/'dreambooth.py').exists() else ()

@pytest.mark.slow
def test_all_parts():
    "Every part, with the least of everything"
    out = bench('--rounds', '1', '-n', '2', '--time', 'Euler')
    for what in ('latents, ', 'time, ', 'overhead', 'lines, ', 'nouns right, ', *TRAIN): assert '\n'+what in out, out

@pytest.mark.slow
@pytest.mark.skipif(not TRAIN, reason='lesson 43 is not there yet')
def test_training():
    "Our training steps beat those of diffusers' scripts by at least half of what is promised, with the same losses"
    out = bench('--only', 'train', '--rounds', '5')
    rows = [l for l in out.splitlines() if re.search(r'[<>]= \S+ +(yes|no)$', l)]
    faster = [float(l.split(' ms')[2].split()[0]) for l in rows if 'times faster' in l]
    assert len(faster) == 4 and min(faster) > 1.2, out
    assert [l.split()[-1] for l in rows if ' standard errors' in l] == ['yes', 'yes'], out
