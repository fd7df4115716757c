// SPDX-License-Identifier: LGPL-2.1-or-later
// The interpreter's main program. Debian's own is linked for fixed addresses, where the firmware
// lives; its library libpython3.11 is not.
#include <Python.h>

int main(int argc, char** argv) {
  return Py_BytesMain(argc, argv);
}
