"""Run lessons top to bottom in a real kernel: `python tools/lessons.py 10_pipelines` (or `all`, or several).

The notebooks in nbs/ are not touched, unless --save says so. The executed copy and an HTML page go to
_lessons/. Cells that only make sense elsewhere keep their saved output: those marked `#| eval: false` or
tagged skip-execution (installing, downloading), and those marked `#| gpu` when there is no GPU. Exits with 1,
and names the cell, when a cell fails."""
import argparse, json, os, re, resource, subprocess, sys, time
from pathlib import Path

root = Path(__file__).resolve().parent.parent
nbs = root/'nbs'
out = root/'_lessons'

def directives(source):
    "The `#| name: value` lines of a cell as a dict"
    found = re.findall(r'^[ \t]*#[ \t]*\|[ \t]*([\w-]+)[ \t]*:?[ \t]*(.*?)[ \t]*$', source, flags=re.M)
    return {k: v.strip('"\'') for k,v in found}

def skips(cell, gpu=False):
    "Why `cell` is not run here, or None if it is"
    d = directives(cell.source)
    if d.get('eval', '').lower() == 'false': return 'eval: false'
    if 'skip-execution' in cell.metadata.get('tags', []): return 'skip-execution'
    if 'gpu' in d and not gpu: return 'gpu'
    if 'nbdev_export()' in cell.source: return 'export'

def has_gpu():
    if os.environ.get('CUDA_VISIBLE_DEVICES') == '': return False
    return Path('/dev/nvidiactl').exists() or Path('/dev/dxg').exists()

def find(names):
    "Notebook paths for `names`, which may be `all`, a full name, a number or a part of a name"
    every = sorted(p for p in nbs.glob('*.ipynb') if re.match(r'\d\d_', p.name))
    if 'all' in names: return every
    got = []
    for n in names:
        n = n.removesuffix('.ipynb').removeprefix('nbs/')
        hits = [p for p in every if p.stem == n] or [p for p in every if n in p.stem]
        if len(hits) != 1:
            say = f"{n!r} fits several lessons" if hits else f"There is no lesson {n!r}"
            sys.exit(f"{say}. Choose from: {', '.join(p.stem for p in hits or every) or 'none yet'}, or all.")
        got += hits
    return got

class Progress:
    "One line that says where a notebook is; on a terminal it is rewritten in place"
    def __init__(self, name): self.name,self.tty,self.last = name,sys.stdout.isatty(),0.
    def __call__(self, i, n):
        if not self.tty and time.time()-self.last < 15: return
        self.last = time.time()
        print(f"\r{self.name} ... cell {i}/{n} " if self.tty else f"{self.name} ... cell {i}/{n}",
              end='' if self.tty else '\n', flush=True)
    def done(self, s): print(f"\r\033[K{s}" if self.tty else s, flush=True)

def cpu_seconds():
    "CPU time of the kernels that have ended so far"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime+used.ru_stime

def seconds(execution):
    "How long a cell took, from the times that the client noted"
    from datetime import datetime
    a,b = (execution.get(f'iopub.{k}') for k in ('execute_input','status.idle'))
    if not (a and b): return 0.
    return (datetime.fromisoformat(b)-datetime.fromisoformat(a)).total_seconds()

def run_lesson(path, gpu=False, timeout=3600, times=0):
    "Execute the notebook at `path`, write the copy and the page; returns True if all went well"
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    nb = nbformat.read(path, 4)
    n = len(nb.cells)
    line = Progress(path.stem)
    at = [0]
    class Client(NotebookClient):
        async def async_execute_cell(self, cell, index, **kw):
            line(index+1, n)
            if cell.cell_type != 'code' or skips(cell, gpu): return cell
            at[0] = index
            return await super().async_execute_cell(cell, index, **kw)
    start, worked, err = time.time(), cpu_seconds(), None
    try:
        Client(nb, timeout=timeout, kernel_name='python3', extra_arguments=['--log-level=40'],
               resources=dict(metadata=dict(path=str(path.parent)))).execute()
    except CellExecutionError as e: err = str(e)
    except CellTimeoutError: err = f"The cell took more than {timeout} seconds."
    except DeadKernelError: err = "The kernel died (out of memory?)."
    secs, worked = time.time()-start, cpu_seconds()-worked
    took = {c.id: seconds(c.metadata.pop('execution', {})) for c in nb.cells}
    page = save(nb, path.stem)
    where = f"{page.relative_to(root)} (and .ipynb)"
    if err is None:
        line.done(f"{path.stem} ... ok, {secs:.0f} s, {worked:.0f} s of CPU, see {where}")
        if times:
            for k in sorted(took, key=took.get, reverse=True)[:times]: print(f'  {took[k]:6.1f} s  {k}')
        return True
    err = re.sub(r'\x1b\[[0-9;]*m', '', err)
    line.done(f"{path.stem} ... FAILED in cell {at[0]+1}/{n} (id {nb.cells[at[0]].get('id')}), "
              f"{secs:.0f} s, see {where}\n\n{err.strip()}\n")
    return False

def write(path, text):
    "Write all of `text` or nothing"
    tmp = path.with_name(path.name+'.tmp')
    tmp.write_text(text, encoding='utf-8')
    os.replace(tmp, path)

def save(nb, stem):
    "Write the executed notebook and its page to _lessons/"
    import nbformat
    from nbconvert import HTMLExporter
    out.mkdir(exist_ok=True)
    write(out/f'{stem}.ipynb', nbformat.writes(nb)+'\n')
    exporter = HTMLExporter(embed_images=True, exclude_input_prompt=True, exclude_output_prompt=True)
    resources = dict(metadata=dict(name=stem, path=str(nbs)))
    write(out/f'{stem}.html', exporter.from_notebook_node(nb, resources)[0])
    return out/f'{stem}.html'

def keep(path):
    "Put the outputs of the executed copy into the notebook, where the cells are still the same"
    made = {c['id']: c for c in json.loads((out/path.name).read_text(encoding='utf-8'))['cells']}
    nb = json.loads(path.read_text(encoding='utf-8'))
    for c in nb['cells']:
        new = made.get(c['id'])
        if c['cell_type'] != 'code' or not new: continue
        if ''.join(new['source']) != ''.join(c['source']):
            print(f"{path.stem}: cell {c['id']} has changed since it was run, its output stays")
        else: c['outputs'] = new['outputs']
    write(path, json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True)+'\n')
    subprocess.run([Path(sys.executable).with_name('nbdev-clean'), '--fname', path], check=True)

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('lessons', nargs='*', default=['10_pipelines'], help="names or numbers of lessons, or all")
    p.add_argument('--gpu', action='store_true', default=has_gpu(),
                   help="run `#| gpu` cells too (default: if there is a GPU)")
    p.add_argument('--timeout', type=int, default=3600, help="seconds before a cell is given up")
    p.add_argument('--times', type=int, default=0, help="how many of the slowest cells to list")
    p.add_argument('--save', action='store_true', help="save the outputs in nbs/ as well")
    a = p.parse_args()
    os.environ.setdefault('JUPYTER_PREFER_ENV_PATH', '1')
    paths = find(a.lessons)
    start = time.time()
    bad = []
    for q in paths:
        if not run_lesson(q, a.gpu, a.timeout, a.times): bad.append(q.stem)
        elif a.save: keep(q)
    if len(paths) > 1:
        print(f"{len(paths)-len(bad)} of {len(paths)} lessons ran, {time.time()-start:.0f} s, in {out.name}/")
    if bad: print(f"failed: {', '.join(bad)}")
    sys.exit(bool(bad))

if __name__ == '__main__': main()
