"How Sphinx makes the docs site; tools/docs.py writes the pages and calls it"
import sys
from importlib import import_module
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'tools'))
from docs import settings, site

cfg = settings()
project, author, language = cfg['title'], cfg['author'], 'en'
copyright = cfg['copyright']
extensions = ['myst_nb', 'sphinx_copybutton']
exclude_patterns = ['extra']

# notebooks: shown, never run
nb_execution_mode = 'off'
nb_render_markdown_format = 'myst'
nb_merge_streams = True
myst_enable_extensions = ['amsmath', 'attrs_inline', 'colon_fence', 'deflist', 'dollarmath']
myst_heading_anchors = 4
numfig = True
smartquotes = False

# the reference
add_module_names = False
toc_object_entries_show_parents = 'hide'
python_maximum_signature_line_length = 80
python_display_short_literal_types = True

# formulas by one file of our own: the page asks nobody else for anything
mathjax = Path(import_module('sphinx-mathjax-offline').__file__).parent/'static'/'mathjax'/'tex-svg-full.js'
mathjax_path = mathjax.name
mathjax3_config = dict(options=dict(enableMenu=False))

html_theme = 'sphinx_book_theme'
html_context = dict(default_mode='auto')
html_title, html_short_title = project, project
html_static_path = ['static', str(mathjax)]
html_css_files = ['site.css']
html_extra_path = [str(site/'src'/'extra')]
html_logo = html_favicon = str(root/'nbs'/'images'/'row_0.png')
html_show_sourcelink = html_show_sphinx = html_copy_source = False
html_domain_indices = False
html_theme_options = dict(
    repository_url=cfg['git_url'], repository_branch=cfg['branch'], use_repository_button=True, use_issues_button=True,
    use_download_button=False, use_fullscreen_button=False, show_toc_level=2, home_page_in_toc=False,
    logo=dict(text=project, alt_text='Home'),
    navbar_persistent=[], navbar_start=[], navbar_center=[], navbar_end=[])   # one search bar, in the sidebar
