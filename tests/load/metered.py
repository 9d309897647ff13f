"""Runs a program and, when it has ended, prints what it and all of its descendants cost.

    metered.py PROGRAM ARGUMENT...

SIGTERM is passed on. Descendants that outlive the program become children of this one (it is their
subreaper) and are waited for, so that nobody's time is lost. The last line of standard output is
JSON: cpu_s, wall_s.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36

if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("could not become a subreaper")
began = time.monotonic()
child = subprocess.Popen(sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
code = child.wait()
wall = time.monotonic() - began
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall}), flush=True)
sys.exit(code)
