"Package metadata comes from settings.ini; edit it there, not here."
from configparser import ConfigParser
from pathlib import Path
from setuptools import setup, find_namespace_packages

here = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

statuses = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']
data = ['*.json', '*.safetensors', '*.txt', '*.md', '*.webp', '*.npz', '*.png', 'LICENSE*', 'NOTICE*']   # in sdcourse/data and sdcourse/weights

setup(
    version=cfg['version'], keywords=cfg['keywords'].split(), author=cfg['author'], author_email=cfg['author_email'],
    long_description=(here/'README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    classifiers=['Development Status :: '+statuses[int(cfg['status'])-1], 'Intended Audience :: '+cfg['audience'],
                 'Natural Language :: '+cfg['language'], 'Programming Language :: Python :: 3', 'Programming Language :: Python :: 3 :: Only'],
    install_requires=cfg['requirements'].split(),
    extras_require={k.removesuffix('_requirements'): v.split() for k,v in cfg.items() if k.endswith('_requirements')},
    entry_points=dict(console_scripts=cfg.get('console_scripts', '').split(), nbdev=[f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"]),
    packages=find_namespace_packages(include=[cfg['lib_path'], cfg['lib_path']+'.*'], exclude=['*.__pycache__', '*.__pycache__.*']),
    package_data={'': data}, zip_safe=False,
)
