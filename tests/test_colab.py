"""In Colab and Kaggle, installing the package replaces nothing that is there

An empty environment gets the names and versions of what is preinstalled (no code, only what pip looks at),
and pip says what it would do. pip runs under this Python; the versions are those of the two sites in August
2026."""
import json, os, sys, venv
from configparser import ConfigParser
import pytest
from conftest import root, sh

ini = ConfigParser(delimiters=['='])
ini.read(root/'settings.ini', encoding='utf-8')
wanted = ini['DEFAULT']['requirements'].split()
keep = {'torch', 'diffusers', 'transformers', 'numpy', 'ipywidgets'}

# these three as in Colab's image of 2025, the oldest that still runs there
common = {'numpy': '2.0.2', 'matplotlib': '3.10.0', 'pillow': '11.3.0'}
SITES = dict(
    colab=common | {'torch': '2.11.0+cu128', 'diffusers': '0.39.0', 'transformers': '5.15.0',
                    'accelerate': '1.14.0', 'peft': '0.20.0', 'ipywidgets': '7.7.1', 'fastcore': '2.2.12'},
    kaggle=common | {'torch': '2.10.0+cu128', 'diffusers': '0.37.1', 'transformers': '5.0.0',
                     'accelerate': '1.13.0', 'peft': '0.19.1', 'ipywidgets': '8.1.5', 'fastcore': '1.12.42'})

def pretend(folder, packages):
    "An environment in which pip finds `packages`; returns its Python"
    venv.create(folder, with_pip=False)
    (site,) = folder.glob('[Ll]ib/**/site-packages')
    for name,version in packages.items():
        d = site/f'{name}-{version}.dist-info'
        d.mkdir()
        (d/'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
        (d/'RECORD').write_text('')
        (d/'INSTALLER').write_text('pip\n')
    return next(p for p in (folder/'bin'/'python', folder/'Scripts'/'python.exe') if p.exists())

def would_install(folder, packages, *requirements):
    "What pip would install, {name: version}; skips if no package registry can be reached"
    python = pretend(folder/'env', packages)
    report = folder/'report.json'
    rc, out = sh(sys.executable, '-m', 'pip', '--python', python, 'install', '--dry-run',
                 '--report', report, '--disable-pip-version-check', *requirements, env=os.environ)
    if rc and ('No matching distribution' in out or 'Connection' in out or 'network' in out.lower()):
        pytest.skip(f'the package registry cannot be reached: {out.strip().splitlines()[-1]}')
    assert rc == 0, out[-3000:]
    return {i['metadata']['name'].lower(): i['metadata']['version'] for i in json.loads(report.read_text())['install']}

@pytest.mark.parametrize('site', SITES)
def test_nothing_is_replaced(site, tmp_path):
    "pip install --dry-run with the site's packages"
    new = would_install(tmp_path, SITES[site], *wanted)
    assert not keep & set(new), f'on {site} these would be replaced: { {n: v for n,v in new.items() if n in keep} }'
    assert not set(new) & set(SITES[site])

@pytest.mark.parametrize('site', SITES)
def test_with_lora(site, tmp_path):
    "And with the extra"
    assert not set(would_install(tmp_path, SITES[site], *wanted,
                                 *ini['DEFAULT']['lora_requirements'].split())) & set(SITES[site])

def test_this_test_can_fail(tmp_path):
    "A floor above what Colab has is noticed"
    new = would_install(tmp_path, SITES['colab'],
                        *[r for r in wanted if not r.startswith('ipywidgets')], 'ipywidgets>=8')
    assert 'ipywidgets' in new and not (keep-{'ipywidgets'}) & set(new)
