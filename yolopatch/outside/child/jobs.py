"""A job of Windows holds a process and all that it starts: they are ended together, also when yolopatch is killed.

The system ends the processes of a job when the last handle of it is closed, and yolopatch holds the only one. So a job
does what a process group, a lifeline and a limit of memory do elsewhere.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_KILL_ON_CLOSE, _PROCESS_MEMORY = 0x2000, 0x100  # JOB_OBJECT_LIMIT_*
_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_SIZE, _COUNTER, _WORD, _HANDLE = ctypes.c_size_t, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_void_p


class Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, with the structures in it written out."""

    _fields_ = (
        *(("process_time", _COUNTER), ("job_time", _COUNTER), ("flags", _WORD)),
        *(("least_working_set", _SIZE), ("most_working_set", _SIZE), ("processes", _WORD)),
        *(("affinity", _SIZE), ("priority", _WORD), ("scheduling", _WORD)),
        ("transfers", _COUNTER * 6),
        *(("process_memory", _SIZE), ("job_memory", _SIZE), ("peak_process", _SIZE), ("peak_job", _SIZE)),
    )


class Job:
    """A job with one process, and with all that the process starts from now on.

    Args:
        process: it has just been started.
        memory: how many bytes each process of the job may use, None for as many as the user may.

    Raises:
        OSError: the system has no more handles.
    """

    def __init__(self, process: subprocess.Popen[bytes], memory: int | None = None) -> None:
        self._kernel = _kernel()
        self._handle = self._kernel.CreateJobObjectW(None, None)
        _check(self._handle)
        limits = Limits(flags=_KILL_ON_CLOSE | (_PROCESS_MEMORY if memory else 0), process_memory=memory or 0)
        size = ctypes.sizeof(limits)
        _check(self._kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), size))
        # no check: the process may have ended already
        self._kernel.AssignProcessToJobObject(self._handle, int(vars(process)["_handle"]))

    def end(self) -> None:
        """End all processes of the job."""
        self._kernel.CloseHandle(self._handle)


@contextmanager
def held(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let a process that was just started end with us, or with the block, with all that it started; only on Windows."""
    if sys.platform != "win32":
        yield
        return
    job = Job(process)
    try:
        yield
    finally:
        job.end()


def _kernel() -> Any:
    """Return the system's functions."""
    if sys.platform != "win32":
        raise OSError("only Windows has jobs")
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = _HANDLE
    kernel.CreateJobObjectW.argtypes = (_HANDLE, ctypes.c_wchar_p)
    kernel.SetInformationJobObject.argtypes = (_HANDLE, ctypes.c_int, _HANDLE, _WORD)
    kernel.AssignProcessToJobObject.argtypes = (_HANDLE, _HANDLE)
    kernel.CloseHandle.argtypes = (_HANDLE,)
    return kernel


def _check(done: int | None) -> None:
    if sys.platform == "win32" and not done:
        raise ctypes.WinError(ctypes.get_last_error())
