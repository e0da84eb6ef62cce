"Where things are: inputs beside this file, what is in between in build/, results in sdcourse/data/"
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1]/'sdcourse'/'data'
BUILD = HERE/'build'
NPM = Path(os.environ.get('NPM', HERE/'node_modules'))   # another node_modules may be named
BUILD.mkdir(exist_ok=True)
