"""A process that is killed at a chosen fsync, to see what a crash there leaves behind."""

import subprocess
import sys
from pathlib import Path

_PRELUDE = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
real = os.fsync
def fsync(handle):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = fsync
"""


def run(script: str, folder: Path, after: int) -> int:
    """Run `script`, which finds `folder` in sys.argv[1], until it has synced `after` times. Its exit code."""
    return subprocess.run([sys.executable, "-c", _PRELUDE + script, str(folder), str(after)], check=False).returncode
