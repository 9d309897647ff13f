"""Runs a program and, when it has ended, prints what it and all of its waited-for descendants cost.

    metered.py PROGRAM ARGUMENT...

SIGTERM is passed on. The last line of standard output is JSON: cpu_s, wall_s.
"""

import json
import resource
import signal
import subprocess
import sys
import time

began = time.monotonic()
child = subprocess.Popen(sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
code = child.wait()
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.monotonic() - began}), flush=True)
sys.exit(code)
