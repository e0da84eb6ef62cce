"The tables of tools/lint.py: they run, and their counters count"
import sys
from conftest import root, sh
import lint

MODULE = '''
__all__ = ['f', 'g', 'h', 'N']
from .core import Table
from .core import to_img
N = 1
def f(x):
    "Root of x (Heron 1960, eq. 1)"
    if x < 0: raise ValueError('negative')
def g(x):
    "Root of x; a `ValueError` below 0"
    if x < 0: raise ValueError('negative')
def h(x):
    "Root of x (of 2 or 3)"
    from sdcourse.hub import plan
    # below 0 there is none
    if x < 0: raise ValueError('negative')
def hidden(): raise OSError
'''

def test_house_counts():
    "A module made up for this, and two lessons of which one uses it"
    long = 'x = 1\n'*401
    lessons = {'01_m': 'from sdcourse.m import f, g', '02_n': 'from sdcourse.m import f'}
    rows = dict(lint.house(dict(m=MODULE, n=long), lessons))
    assert rows['longest modules'].startswith('n 401, m ') and rows['over 400 lines'] == 1
    assert rows['imports of ours'] == '1.0 for each module, at most 2 (m)'
    assert rows['exported names'] == '4, of which 3 are used in no other notebook'
    assert rows['functions that raise'] == '3, of which 1 do not say so'
    assert rows['in silence'] == 'f'
    assert rows['functions with a paper'] == 1

def test_faults_are_found(tmp_path):
    "One of each kind of the first table"
    p = tmp_path/'bad.py'
    p.write_text("a,b = len('a'),len('b')\nx = 1; y = 2\nz = 1 if a else 2 if b else 3\n"+'#'*200+'\n')
    assert sorted(what for _,_,what in lint.faults(p)) == ['long', 'nested', 'packed', 'semicolon']

def test_both_run():
    "The house prints a figure in each row; the first table ends with the sums"
    rc, out = sh(sys.executable, root/'tools'/'lint.py', '--house')
    assert rc == 0 and len(out.splitlines()) == 6 and all(l[24:].strip() for l in out.splitlines()), out
    rc, out = sh(sys.executable, root/'tools'/'lint.py', '33_sampling')
    assert rc == 0 and out.splitlines()[-1].startswith('all'), out
