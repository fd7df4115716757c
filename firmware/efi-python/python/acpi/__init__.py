# SPDX-License-Identifier: LGPL-2.1-or-later
"""ACPI tables and their byte code, AML, as data: what runs on any Python. `bits.acpi` is those of this machine.

  >>> interpreter = acpi.Interpreter(acpi.SimulatedHardware())
  >>> interpreter.load(open("dsdt.aml", "rb").read())
  >>> interpreter.evaluate(r"\\_SB.PCI0._PRT")"""
from . import resources, tables
from .errors import AmlError, Fatal, LimitReached, NotFound, Unsupported
from .hardware import SimulatedHardware
from .interpreter import Interpreter
from .resources import eisa_id
