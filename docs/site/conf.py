"""How the site is made: sphinx-build -W -c docs/site . build/site, from the top of the repository.

Sphinx with furo, since its pages read well on a phone and in the dark, and fetch nothing from elsewhere; MyST, since the pages are the
Markdown that the repository shows; MyST-NB for the notebooks, with the outputs that are stored in them.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [ROOT, HERE]

import autograd  # noqa: E402

project = "glassgrad"
author = "The glassgrad developers"
copyright = author  # noqa: A001 - Sphinx's word
version = release = autograd.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "reading", "access"]
root_doc = "docs/index"
include_patterns = ["README.md", "docs/**.md", "notebooks/*.ipynb", "autograd/packing/README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = ["build", "**/.*"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "image/svg+xml", 5)]
suppress_warnings = ["mystnb.mime_priority", "mystnb.unknown_mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
maximum_signature_line_length = 90
add_module_names = False
default_role = "code"
html_math_renderer = "mathml"

html_theme = "furo"
html_title = f"glassgrad {release}"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_extra_path = ["top"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "default"  # its colours are far enough from their ground
pygments_dark_style = "monokai"
