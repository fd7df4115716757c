# SPDX-License-Identifier: LGPL-2.1-or-later
# Settings that suit a machine without an operating system, for GDB:
#   gdb -x ice86.gdb -x ice86.py -ex 'target remote localhost:1234'
set confirm off
set pagination off
set disassembly-flavor intel
# Step into code that has no line numbers: firmware rarely has.
set step-mode on
# Every read goes to the machine: a firmware's memory changes behind GDB's back.
set stack-cache off
set code-cache off
