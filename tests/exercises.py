"""The exercises of a lesson, taken out of its notebook and run with other answers

An exercise is a paragraph that begins with its number, and the code cell after it: an answer that is not
right yet, and a check that says 'done' (or 'right!', or 'there') when it is. `Lesson.check(3, 'x = 1')` puts
`x = 1` where the cell itself says what x is, and runs it. What the cell needs from the pages before is found
by its names and nothing else is run, so that most lessons take a second or two."""
import ast, builtins, contextlib, io, json, linecache, os, re
from pathlib import Path

nbs = Path(__file__).resolve().parent.parent/'nbs'
SOLVED = re.compile(r'^(done|right|there)\b', flags=re.M)

def source(cell): return ''.join(cell['source'])
def skipped(s):
    return re.search(r'^#\s*\|\s*(eval: *false|gpu)', s, flags=re.M) or 'nbdev_export()' in s or re.match(r'\s*[%!]', s)

class Names(ast.NodeVisitor):
    "What a piece of code needs from outside, what it makes, and what it changes"
    def __init__(self, node):
        self.loads = set()
        self.binds = set()
        self.changes = set()
        self.inside = []
        self.visit(node)
    def bind(self, n): (self.inside[-1] if self.inside else self.binds).add(n)
    def visit_Name(self, n):
        if not isinstance(n.ctx, ast.Load): self.bind(n.id)
        elif n.id not in self.binds and not any(n.id in s for s in self.inside): self.loads.add(n.id)
    def visit_Assign(self, n):
        for o in [n.value, *(getattr(n, 'targets', None) or [n.target])]:   # the value first: x = x+1 needs x
            self.visit(o)
    visit_NamedExpr = visit_Assign
    def visit_Import(self, n): [self.bind((a.asname or a.name).split('.')[0]) for a in n.names]
    visit_ImportFrom = visit_Import
    def root(self, n):
        while isinstance(n, (ast.Attribute, ast.Subscript, ast.Call)):
            n = n.func if isinstance(n, ast.Call) else n.value
        return n.id if isinstance(n, ast.Name) else None
    def visit_Attribute(self, n):
        if not isinstance(n.ctx, ast.Load) and not self.inside: self.changes.add(self.root(n))
        self.generic_visit(n)
    visit_Subscript = visit_Attribute
    def visit_Call(self, n):
        if isinstance(n.func, ast.Name) and n.func.id == 'setattr' and not self.inside:
            self.changes.add(self.root(n.args[0]))
        first = n.args[0] if n.args and isinstance(n.args[0], ast.Name) else None
        # train_ae(net, ...)
        if first and re.match(r'train|fit|distil', ast.unparse(n.func)) and not any(first.id in s for s in self.inside):
            self.changes.add(first.id)
        self.generic_visit(n)
    def visit_AugAssign(self, n):
        self.changes.add(self.root(n.target))
        self.loads.add(self.root(n.target))
        self.generic_visit(n)
    def visit_Expr(self, n):
        if isinstance(n.value, ast.Call) and isinstance(n.value.func, ast.Attribute) and not self.inside:
            self.changes.add(self.root(n.value))
        self.generic_visit(n)
    def scope(self, n, own, parts):
        "Names of its own: parameters, and whatever it assigns anywhere inside"
        own = set(own) | {o.id for p in parts for o in ast.walk(p) if isinstance(o,
            ast.Name) and not isinstance(o.ctx, ast.Load)}
        own |= {(a.asname or a.name).split('.')[0] for p in parts for o in ast.walk(p)
                if isinstance(o, (ast.Import, ast.ImportFrom)) for a in o.names}
        own |= {o.name for p in parts for o in ast.walk(p) if isinstance(o, (ast.FunctionDef, ast.ClassDef))}
        self.inside.append(own)
        for p in parts: self.visit(p)
        self.inside.pop()
    def visit_FunctionDef(self, n):
        self.bind(n.name)
        a = n.args
        if n.decorator_list and a.args and a.args[0].annotation:   # @patch
            self.changes |= {o.id for o in ast.walk(a.args[0].annotation) if isinstance(o, ast.Name)}
        for o in [*n.decorator_list, *a.defaults, *filter(None, a.kw_defaults)]: self.visit(o)
        self.scope(n, [x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]],
                   n.body)
    def visit_Lambda(self, n):
        a = n.args
        for o in [*a.defaults, *filter(None, a.kw_defaults)]: self.visit(o)
        self.scope(n, [x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]],
                   [n.body])
    def visit_ClassDef(self, n):
        self.bind(n.name)
        for o in [*n.decorator_list, *n.bases]: self.visit(o)
        self.inside.append(set())        # its methods don't see what stands beside them
        for o in n.body: self.visit(o)
        self.inside.pop()
    def comp(self, n): self.scope(n, [], [*n.generators, *([n.key, n.value] if isinstance(n, ast.DictComp)
                                                           else [n.elt])])
    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = comp

def statements(s): return [(o, Names(o)) for o in ast.parse(s).body]

def wanted(o, n, need):
    "Must the statement `o` run, for somebody who needs these names?"
    if isinstance(o, (ast.Import, ast.ImportFrom)): return n.binds & need or any(a.name == '*' for a in o.names)
    if isinstance(o, ast.Expr) and isinstance(o.value, ast.Call):
        f = ast.unparse(o.value.func)
        if f.endswith(('set_seed', 'manual_seed')): return True
    return n.binds & need or n.changes & need

def readable(tree):
    "The compiled code, whose functions `inspect.getsource` can find (sdcourse's parser reads their comments)"
    code = ast.unparse(tree)
    name = f'<exercise {len(linecache.cache)}>'
    linecache.cache[name] = len(code), None, code.splitlines(True), name
    return compile(code, name, 'exec')

class Lesson:
    "The exercises of one notebook"
    def __init__(self, stem):
        self.path = next(nbs.glob(f'{stem}*.ipynb'))
        cells = [(c['cell_type'], source(c), c) for c in json.loads(self.path.read_text(encoding='utf-8'))['cells']]
        at = max((i for i,(t,s,_) in enumerate(cells) if t == 'markdown'
                  and re.search(r'^## Exercises', s, flags=re.M)), default=None)
        self.cells, self.at, self.starters, self.texts, self.solutions, self.fences = cells, at, {}, {}, [], []
        k = None
        for i,(t,s,_) in enumerate(cells[at:] if at is not None else [], at or 0):
            if t == 'markdown':
                if i > at and re.match(r'## ', s): break
                if i == at: s = s[re.search(r'^## Exercises', s, flags=re.M).start():]
                if '<details>' in s: self.fences.append(s)
                for m in re.finditer(r'^(?:\*\*(\d)\.\*\*|(\d)\. \*\*)(.*)',
                                     re.sub(r'<details>.*?</details>', '', s, flags=re.S), flags=re.M):
                    k = int(m[1] or m[2])
                    self.texts[k] = m[0]
            elif re.search(r'^#\s*\|\s*(code-fold|hide)', s, flags=re.M): self.solutions.append(s)
            elif k and k not in self.starters: self.starters[k] = (i, s)
        self.pool = [(i, o, n) for i,(t,s,c) in enumerate(cells[:max((i for i,_ in self.starters.values()),
                                                                     default=0)]) if t == 'code'
                     and not skipped(s) and 'skip-execution' not in c['metadata'].get('tags', [])
                     and s not in self.solutions for o,n in statements(s)]
        self.ns = {}

    def before(self, k, code):
        "What has to run before exercise `k` can be tried with `code`: places in `self.pool`"
        need, out, last = set().union(*(n.loads for _,n in statements(code))), set(), self.starters[k][0]
        for _ in range(20):
            need -= set(dir(builtins))
            for j in range(len(self.pool)-1, -1, -1):
                i,o,n = self.pool[j]
                if i >= last or not (j in out or wanted(o, n, need)): continue
                out.add(j)
                # earlier ones are overwritten
                if isinstance(o, (ast.Assign, ast.FunctionDef, ast.ClassDef)) and not n.changes: need -= n.binds
                need |= n.loads-set(dir(builtins))
            # functions may use what is defined after them
            need = {x for x in need if any(x in n.binds and i < last for i,_,n in self.pool)}
            if not need: break
        return out

    def prepare(self, codes, first=None):
        "Run what all exercises in {number: [code]} need, once; or `first` if the pages before take too long"
        want = [] if first else sorted({j for k,cs in codes.items() for c in cs for j in self.before(k, c)})
        from IPython.display import display
        import torch
        self.settings = (True, torch.float32)
        self.ns |= dict(__name__='__main__', display=display)
        self.run(ast.parse(first) if first else ast.Module([self.pool[j][1] for j in want], []), self.ns)

    def run(self, tree, ns):
        "Execute it in nbs/, with the lesson's own settings of torch; returns what was printed"
        import matplotlib.pyplot as plt, torch
        def get(): return torch.is_grad_enabled(), torch.get_default_dtype()
        def put(s):
            torch.set_grad_enabled(s[0])
            torch.set_default_dtype(s[1])
        old, before = os.getcwd(), get()
        os.chdir(nbs)
        put(self.settings)
        try:
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
                exec(readable(tree), ns)
        finally:
            self.settings = get()
            put(before)
            os.chdir(old)
            plt.close('all')
        return out.getvalue()

    def answered(self, k, answer=None):
        "The starting cell of exercise `k`, with `answer` in place of what it says itself"
        body = ast.parse(self.starters[k][1]).body
        if answer:
            mine = ast.parse(answer).body
            names = set().union(*(Names(o).binds for o in mine))
            hits = [j for j,o in enumerate(body) if isinstance(o, (ast.Assign, ast.FunctionDef, ast.ClassDef))
                    and Names(o).binds & names]
            assert hits, f'exercise {k} of {self.path.stem} has no {names}'
            body = body[:hits[0]] + mine + [o for j,o in enumerate(body) if j > hits[0] and j not in hits]
        return ast.Module(body, [])

    def code(self, k, answer=None): return ast.unparse(self.answered(k, answer))

    def check(self, k, answer=None):
        "(solved?, what it said): run exercise `k`, after `prepare`"
        import torch
        torch.manual_seed(0)
        try: said = self.run(ast.parse(self.code(k, answer)), dict(self.ns))
        except AssertionError as e: return False, f'AssertionError: {e}'
        return bool(SOLVED.search(said)) and 'not yet' not in said, said
