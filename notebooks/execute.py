"""The notebooks as they are stored: python notebooks/execute.py runs all of them and stores what they print and draw.

Names of notebooks run these alone: python notebooks/execute.py 08_digits gallery. Needs the extra `test`. Nothing is stored that differs
from run to run but measured times: cells are numbered, text that was printed in pieces is one piece, and no metadata stay.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
NOTEBOOKS = sorted(HERE.glob("*.ipynb"))
SECONDS = 120
"""What a cell may take."""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(path: Path) -> Any:
    """The notebook run from its first cell to its last, by the Python of this process and with this copy of the packages.

    The person's settings of Jupyter and IPython do not matter. nbclient.exceptions.CellExecutionError: a cell raises.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as own:
        places = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), own)
        packages = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
        # Two kernels at once may choose the same port; sockets in a folder of their own cannot be the same.
        sockets = {"transport": "ipc", "ip": f"{own}/kernel"} if os.name == "posix" else {}
        with patch.dict(os.environ, places | {"PYTHONPATH": packages}):
            client = NotebookClient(
                notebook,
                timeout=SECONDS,
                kernel_name="python3",
                resources={"metadata": {"path": str(HERE)}},
                config=Config({"KernelManager": sockets}),
            )
            client.execute()
    return tidied(notebook)


def tidied(notebook: Any) -> Any:
    """The notebook without what is chance: names of cells, times of execution, and in how many pieces a text was printed."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02}", nbformat.from_dict({})
        if cell.cell_type == "code":
            outputs: list[Any] = []
            for output in cell.outputs:
                if output.output_type == "stream" and outputs and outputs[-1].get("name") == output.name:
                    outputs[-1].text += output.text
                else:
                    outputs.append(output)
            cell.outputs = outputs
    return notebook


def store(path: Path) -> None:
    """Run the notebook, and write it where it was."""
    path.write_text(nbformat.writes(executed(path)) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    unknown = sorted(set(sys.argv[1:]) - {path.stem for path in NOTEBOOKS})
    if unknown:
        sys.exit(f"there is no notebook {', '.join(unknown)} in {HERE}; there are {', '.join(path.stem for path in NOTEBOOKS)}")
    for path in NOTEBOOKS:
        if path.stem in sys.argv[1:] or len(sys.argv) == 1:
            print(path.relative_to(HERE.parent), flush=True)
            store(path)
