# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events of the firmware, and Python functions that it calls.

Reference: UEFI Specification 2.10, section 7.1."""
import ctypes
import itertools
import signal

import _efi

from . import tables
from .types import check

EVT_TIMER, EVT_NOTIFY_WAIT, EVT_NOTIFY_SIGNAL = 0x80000000, 0x100, 0x200
TPL_APPLICATION, TPL_CALLBACK, TPL_NOTIFY = 4, 8, 16
_TIMER_CANCEL, _TIMER_PERIODIC, _TIMER_RELATIVE = 0, 1, 2

_boot = tables.SystemTable.from_address(_efi.system_table).BootServices.contents
_listeners = {}
_numbers = itertools.count(1)


def _dispatch(number, frame):
    """Between two instructions of the main thread, as signal handlers run: the firmware has only
    left marks."""
    while (context := _efi.next_notification()) is not None:
        listener = _listeners.get(context)
        if listener is not None:
            listener()


signal.signal(signal.SIGUSR2, _dispatch)


class Event:
    """An event of the firmware. With a function it is called when the event is signalled: soon
    after, in the main thread. The object lives until it is closed."""

    def __init__(self, function=None, kind=EVT_TIMER, tpl=TPL_CALLBACK):
        handle = ctypes.c_uint64()
        self._number = 0
        if function is None:
            status = _boot.CreateEvent(kind, tpl if kind & EVT_NOTIFY_WAIT else 0, None, None,
                                       ctypes.byref(handle))
        else:
            self._number = next(_numbers)
            _listeners[self._number] = function
            status = _boot.CreateEvent(kind | EVT_NOTIFY_SIGNAL, tpl, _efi.notify_address,
                                       self._number, ctypes.byref(handle))
        self.handle = handle.value
        if status:
            self.handle = 0
            self.close()
        check(status, "CreateEvent")

    def set_timer(self, seconds, periodic=False):
        """Signals it after so many seconds, or each time they are over. None: no more."""
        if seconds is None:
            kind, ticks = _TIMER_CANCEL, 0
        else:
            kind, ticks = _TIMER_PERIODIC if periodic else _TIMER_RELATIVE, int(seconds * 1e7)
        check(_boot.SetTimer(self.handle, kind, ticks), "SetTimer")

    def signal(self):
        check(_boot.SignalEvent(self.handle), "SignalEvent")

    def is_signalled(self):
        """Whether it has been signalled; asking takes that back. For events without a function."""
        return _boot.CheckEvent(self.handle) == 0

    def close(self):
        if self.handle:
            _boot.CloseEvent(self.handle)
            self.handle = 0
        _listeners.pop(self._number, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class callback:
    """callback(function, count): an address that the firmware can call with up to eight arguments,
    numbers all of them; what the function returns is a number too, None stands for 0.

    It is called at once, so only at TPL_APPLICATION: from a function of the firmware that Python
    has called. Notifications of events are not (Event is for these). Keep the object while the
    firmware has the address; close gives it back."""

    def __init__(self, function, count):
        kind = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * count)

        def called(*arguments):
            result = function(*arguments)
            return 0 if result is None else int(result) & 0xffffffffffffffff

        self._closure = kind(called)
        self.address = _efi.thunk(ctypes.cast(self._closure, ctypes.c_void_p).value)
        _listeners[self.address] = self  # alive until it is closed, whoever forgets it

    def __index__(self):
        return self.address

    def close(self):
        if self.address:
            _listeners.pop(self.address, None)
            _efi.drop_thunk(self.address)
            self.address = 0
