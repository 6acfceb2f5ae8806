"""Programs that are waited for: not for ever, and not beyond the run that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

from envcensus.runtime import stop

_STEP_SECONDS = 0.1  # between looks at whether the run is to end


def run(
    command: Sequence[str],
    *,
    seconds: float,
    stderr: int = subprocess.DEVNULL,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    apart: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """What a program wrote to its standard output; `stderr` as for `subprocess.Popen`.

    With `apart` it gets a session of its own and so no terminal, and what it started is killed with it. Raises
    subprocess.TimeoutExpired after `seconds`, Stopped where the run is to end, OSError where it cannot be started.
    """
    asked = stop.current()
    end = time.monotonic() + seconds
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=cwd,
        env=env,
        start_new_session=apart,
    ) as process:
        try:
            while True:
                left = max(end - time.monotonic(), 0.0)
                try:
                    output, _ = process.communicate(timeout=left if asked is None else min(left, _STEP_SECONDS))
                except subprocess.TimeoutExpired:
                    if asked is not None:
                        asked.check()
                    if time.monotonic() >= end:
                        raise subprocess.TimeoutExpired(command, seconds) from None
                else:
                    return subprocess.CompletedProcess(command, process.returncode, output)
        except BaseException:
            if apart:
                os.killpg(process.pid, signal.SIGKILL)  # not waited for yet, so that the number is still its own
            else:
                process.kill()
            raise
