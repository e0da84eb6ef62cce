"Run notebooks as nbdev-test does, each in a process of its own"
import multiprocessing, os, sys, tempfile, threading, time
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

root = Path(__file__).resolve().parent.parent

def _run(path, log):
    "Body of the process: run a notebook, its output goes to `log`; exit status 1 if a cell fails"
    fd = os.open(log, os.O_WRONLY|os.O_CREAT)
    for k in (1,2): os.dup2(fd, k)
    from nbdev.config import get_config
    from nbdev.test import test_nb
    left_out = get_config(root).tst_flags     # marks of cells, such as gpu
    if isinstance(left_out, str): left_out = left_out.split()
    ok,_ = test_nb(path, skip_flags=left_out, basepath=path.parent.parent, cell_timeout=None)
    sys.exit(not ok)

class Runner:
    "Notebooks run in the background: one at a time, and with all workers once somebody waits"
    def __init__(self, paths, env, workers=2):
        self.left, self.workers, self.threads, self.out = list(paths), workers, [], {}
        self.done = {p: threading.Event() for p in paths}
        if not paths: return
        # each notebook is forked from a process that has imported `warm`
        self.ctx = multiprocessing.get_context('forkserver')
        self.ctx.set_forkserver_preload(['warm'])
        with patch.dict(os.environ, env, clear=True): forkserver.ensure_running()
        self._add()

    def _add(self):
        self.threads.append(threading.Thread(target=self._work, daemon=True))
        self.threads[-1].start()

    def _work(self):
        while True:
            try: path = self.left.pop(0)
            except IndexError: return
            self.out[path] = self._one(path)
            self.done[path].set()

    def _one(self, path):
        "Exit status, what was said, seconds"
        start = time.time()
        with tempfile.TemporaryDirectory() as d:
            log = Path(d)/'log'
            process = self.ctx.Process(target=_run, args=(path, log))
            process.start()
            process.join()
            said = 'it did not start'
            if log.exists(): said = log.read_text(encoding='utf-8', errors='replace')
        return process.exitcode, said, time.time()-start

    def wait(self, path):
        "Exit status of a notebook, what it said, seconds"
        while len(self.threads) < self.workers: self._add()
        self.done[path].wait()
        return self.out[path]

    def wait_for_all(self):
        for path in self.done: self.wait(path)

    def stop(self):
        "Start no more of them"
        self.left.clear()
