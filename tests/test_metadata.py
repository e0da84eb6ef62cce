"Facts that stand in several files agree"
import re, tomllib
from configparser import ConfigParser
from importlib.metadata import entry_points, metadata, version
from conftest import root
import sdcourse

ini = ConfigParser(delimiters=['='])
ini.read(root/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
toml = tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))
project, meta = toml['project'], metadata('sdcourse')
norm = lambda s: re.sub(r'[-_.]+', '-', re.match(r'[\w.-]+', s)[0]).lower()

def test_version(): assert cfg['version'] == sdcourse.__version__ == version('sdcourse')
def test_name(): assert cfg['lib_name'] == project['name'] == meta['Name'] == cfg['lib_path'] == 'sdcourse'
def test_description(): assert cfg['description'] == project['description'] == meta['Summary']
def test_python(): assert '>='+cfg['min_python'] == project['requires-python'] == meta['Requires-Python']
def test_flags(): assert cfg['tst_flags'] == toml['tool']['nbdev']['tst_flags'] == 'notest gpu'

def test_licence():
    assert (cfg['license'], project['license'], meta['License-Expression']) == ('apache2', 'Apache-2.0', 'Apache-2.0')
    text = (root/'LICENSE').read_text(encoding='utf-8')
    assert 'Apache License' in text and 'TERMS AND CONDITIONS' in text and len(text) > 11000

def test_urls():
    urls = dict(u.split(', ') for u in meta.get_all('Project-URL'))
    assert urls == project['urls'] == dict(Repository=cfg['git_url'], Documentation=cfg['doc_host']+cfg['doc_baseurl'])

def requires(extra=None):
    "Requirements in the metadata, of the package or of an extra, without blanks"
    found = [r.split(';') for r in meta.get_all('Requires-Dist')]
    return {r[0].replace(' ', '') for r in found
        if (f'extra == "{extra}"' in r[1] if extra and len(r) > 1 else not extra and len(r) == 1)}

def test_requirements():
    assert requires() == set(cfg['requirements'].split())
    for e in ('dev','docs','lora'):
        assert e in meta.get_all('Provides-Extra')
        assert requires(e) == set(cfg[e+'_requirements'].split()), e

def test_no_upper_pins():
    assert not re.search(r'[<~]|==', cfg['requirements'])
    assert not any(norm(r) == 'nbdev' for r in cfg['requirements'].split())

def test_entry_points():
    assert [e.value for e in entry_points(group='console_scripts',
        name='sdcourse')][0] == cfg['console_scripts'].split('=')[1]
    assert any(e.value == 'sdcourse._modidx:d' for e in entry_points(group='nbdev'))

def test_constraints():
    "The pinned environment is plain, and knows every direct requirement"
    lines = [l for l in (root/'constraints.txt').read_text().splitlines() if l and not l.startswith('#')]
    assert all(re.fullmatch(r'[\w.-]+==[\w.]+',
        l) for l in lines), [l for l in lines if not re.fullmatch(r'[\w.-]+==[\w.]+', l)]
    pinned = {norm(l): l for l in lines}
    assert pinned['torch'] == 'torch==2.13.0' and 'sdcourse' not in pinned
    wanted = {norm(r) for k in ('requirements','dev_requirements','lora_requirements') for r in cfg[k].split()}
    assert wanted <= set(pinned), wanted-set(pinned)
