"""The reference of a module, read from its source: signatures, docstrings, and the comment beside each
parameter.

Nothing is imported, so this takes no time and needs no torch. `names` says what there is, `reference` writes
it as MyST."""
import ast, io, re, tokenize

def comments(source):
    "The comments of `source`, by line"
    toks = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip('# ').strip() for t in toks if t.type == tokenize.COMMENT}

def escape(text):
    "`text` as Markdown that means itself; what is in backticks stays"
    return re.sub(r'(`[^`]*`)|([*$<\[\]\\])', lambda m: m[1] or '\\'+m[2], text).replace('|', '\\|')

def written(node, lines):
    "A piece of code as it stands in the source: 400e6, not 400000000.0"
    if node.lineno != node.end_lineno: return ast.unparse(node)
    return lines[node.lineno-1].encode()[node.col_offset:node.end_col_offset].decode()

def is_dataclass(node): return any('dataclass' in ast.unparse(d) for d in node.decorator_list)
def method(node, name): return next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == name), None)

def params(node, notes, text=ast.unparse):
    "(name, type, default, comment) of each parameter of a function, or of each field of a dataclass"
    if isinstance(node, ast.ClassDef):
        init = method(node, '__init__')
        if init: return params(init, notes, text)
        if not is_dataclass(node): return []
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
        hidden = [n.value and ast.unparse(n.value).startswith('field(') for n in fields]
        return [(n.target.id, ast.unparse(n.annotation), n.value and not h and text(n.value),
                 notes.get(n.end_lineno, '')) for n,h in zip(fields, hidden)]
    a = node.args
    plain = a.posonlyargs+a.args
    defaults = dict(zip(reversed(plain), reversed(a.defaults))) | dict(zip(a.kwonlyargs, a.kw_defaults))
    every = [*(('', o) for o in plain), *([('*', a.vararg)] if a.vararg else []),
             *(('', o) for o in a.kwonlyargs), *([('**', a.kwarg)] if a.kwarg else [])]
    rows, body = {}, node.body[0].lineno
    for star,o in every:
        if o.arg in ('self','cls'): continue
        d = defaults.get(o)
        line = (d or o).end_lineno
        rows[line] = rows.get(line, [])+[[star+o.arg, o.annotation and ast.unparse(o.annotation),
                                          d and text(d),
                                          notes.get(line, '') if line < body else '']]
    # a comment belongs to one parameter
    return [tuple(r) if len(rs) == 1 else (*r[:3], '') for rs in rows.values() for r in rs]

def returns(node, notes, lines):
    "The comment beside the closing parenthesis of a function's head"
    head = [i for i in range(node.lineno, node.body[0].lineno) if lines[i-1].lstrip().startswith(')')]
    return notes.get(head[-1], '') if head else ''

def signature(node):
    "The head of a function or class, without `self`"
    if isinstance(node, ast.ClassDef):
        init = method(node, '__init__')
        if init: return signature(init)
        if not is_dataclass(node): return ''
        return '('+', '.join(f'{n}={d}' if d else n for n,_,d,_ in params(node, {}))+')'
    s = re.sub(r'^(self|cls)(, |$)', '', ast.unparse(node.args))
    return f'({s})'+(f' -> {ast.unparse(node.returns)}' if node.returns else '')

def entry(node, notes, lines, module, url, link, owner='', fence='`'*8):
    "One function, class or method as a directive of Sphinx"
    name = owner+node.name
    isclass = isinstance(node, ast.ClassDef)
    decs = [ast.unparse(d) for d in node.decorator_list]
    prop = any(d.endswith('property') for d in decs)
    kind = 'method' if owner else 'function'
    if prop: kind = 'property'
    if isclass: kind = 'class'
    doc = ast.get_docstring(node) or ('' if node.body[0].lineno > node.lineno else notes.get(node.end_lineno, ''))
    ps = params(node, notes, lambda n: written(n, lines))
    own = {p[0] for p in ps}
    out = [f"{fence}{{py:{kind}}} {name}{'' if prop else signature(node)}", f':module: {module}', '']
    if doc: out += [link(escape(doc), own), '']
    rows = [(f'`{n}`', f'`{t}`' if t else '', f'`{d}`' if d else '', link(escape(c), own)) for n,t,d,c in ps]
    back = '' if isclass else returns(node, notes, lines)
    if back:
        rows.append(('*returns*', f'`{ast.unparse(node.returns)}`' if node.returns else '', '',
                     link(escape(back), own)))
    if any(r[3] for r in rows):
        head = ('name', 'type', 'default', 'what it is')
        used = [i for i in range(4) if any(r[i] for r in rows)]   # no empty columns
        table = [[r[i] for i in used] for r in (head, (':--',)*4, *rows)]
        out += ['| '+' | '.join(c.replace('|', '\\|') if c[:1] == '`' else c for c in r)+' |' for r in table]+['']
    out += [f'[source]({url}#L{node.lineno}){{.nb-source}}', '']
    if isclass:
        seen = set()
        for n in node.body:
            if not isinstance(n, ast.FunctionDef) or (n.name[0] == '_' and n.name != '__call__') or n.name in seen:
                continue
            seen.add(n.name)
            out += [entry(n, notes, lines, module, url, link, name+'.', fence[:-1]), '']
    return '\n'.join(out+[fence])

def defined(source):
    "{name: node} of what a module defines at its top, and the names it exports"
    nodes, exported = {}, []
    for n in ast.parse(source).body:
        if isinstance(n, (ast.FunctionDef, ast.ClassDef)): nodes[n.name] = n
        elif isinstance(n, ast.Assign):
            for t in n.targets:
                if isinstance(t, ast.Name): nodes[t.id] = n
    if '__all__' in nodes: exported = ast.literal_eval(nodes['__all__'].value)
    return nodes, [n for n in exported if n in nodes]

def names(source):
    "Every name with an entry: what the module exports, and the methods of its classes"
    nodes, exported = defined(source)
    for n in exported:
        yield n
        if isinstance(nodes[n], ast.ClassDef):
            yield from (f'{n}.{m.name}' for m in nodes[n].body if isinstance(m, ast.FunctionDef) and m.name[0] != '_')

def reference(source, module, url, link=lambda text, own: text, taken=()):
    "All that a module exports, as MyST; `url`: its source, `link`: makes links of names, `taken`: ids in use"
    nodes, exported = defined(source)
    notes = comments(source)
    lines = source.splitlines()
    out = []
    taken = set(taken)
    for n in exported:
        node = nodes[n]
        if n.lower() not in taken:   # as nbdev calls it: denoise(...) is at sampling.html#denoise
            taken.add(n.lower()) or out.append(f'<span id="{n.lower()}"></span>')
        if isinstance(node, ast.Assign):
            note = escape(notes.get(node.lineno, ''))
            source = f'[source]({url}#L{node.lineno}){{.nb-source}}'
            out.append(f'````{{py:data}} {n}\n:module: {module}\n\n{note}\n\n{source}\n````')
        else: out.append(entry(node, notes, lines, module, url, link))
    return '\n\n'.join(out)
