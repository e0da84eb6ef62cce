"""Give the project a home on the web: `make home GITHUB=alice/sdcourse` writes it into badges, README,
settings and docs.

Whose repository it is stands in settings.ini, as `user` and `repo`; everything else follows from here."""
import re, subprocess, sys
from configparser import ConfigParser
from pathlib import Path

root = Path(__file__).resolve().parent.parent
TEXT = {'.ipynb','.py','.md','.ini','.toml','.yml','.yaml','.js','.html','.cfg'}

def current(root=root):
    "Owner and repository as settings.ini has them"
    ini = ConfigParser(delimiters=['='])
    ini.read(root/'settings.ini', encoding='utf-8')
    return ini['DEFAULT']['user'], ini['DEFAULT']['repo']

def patterns(user, repo):
    "What an address of this repository looks like, with {user} and {repo} for its parts"
    forms = ['github.com/{user}/{repo}', 'github/{user}/{repo}', '{user}.github.io/{repo}',
             '{user}@users.noreply.github.com', '{user}/{repo}/blob/']
    made = [(re.escape(f.format(user=user, repo=repo)), f) for f in forms]
    return [(re.compile(s if f.endswith('/') else s+r'(?![\w-])'), f) for s,f in made]

def moved(text, old, new):
    "`text` with the addresses of the repository `old` (owner, name) turned into those of `new`"
    for found,form in patterns(*old): text = found.sub(form.format(user=new[0], repo=new[1]), text)
    return text

def settings(text, new):
    "settings.ini with another owner and repository"
    text = re.sub(r'^user = .*$', f'user = {new[0]}', text, flags=re.M)
    return re.sub(r'^repo = .*$', f'repo = {new[1]}', text, flags=re.M)

def tracked(root=root):
    "Text files that git knows"
    listed = subprocess.run(['git','ls-files','-z'], cwd=root, capture_output=True, text=True, check=True)
    names = listed.stdout.split('\0')
    return [root/n for n in names if Path(n).suffix in TEXT or Path(n).name == 'Makefile']

def move(new, paths=None, root=root):
    "Write the new home into all files; returns those that changed"
    old, changed = current(root), []
    for p in paths or tracked(root):
        before = p.read_text(encoding='utf-8')
        after = moved(before, old, new)
        if p.name == 'settings.ini': after = settings(after, new)
        if after != before:
            p.write_text(after, encoding='utf-8')
            changed.append(p)
    return changed

def main():
    given = re.fullmatch(r'([\w-]+)/([\w.-]+)', sys.argv[1] if len(sys.argv) > 1 else '')
    if not given: sys.exit('Say whose repository it is: make home GITHUB=alice/sdcourse')
    changed = move(given.groups())
    print(f'{len(changed)} files now say {given[0]}; look at `git diff`, then commit')

if __name__ == '__main__': main()
