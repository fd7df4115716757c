// SPDX-License-Identifier: LGPL-2.1-or-later
// The module _efi: what Python cannot say to the firmware by itself. Calls with UEFI's convention,
// functions that the firmware may call, and the instructions that the module `bits` needs.
// Reference: UEFI 2.10 sections 2.3.4 (calling convention) and 7.1 (events).
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define EFI_API __attribute__((ms_abi))

enum { kSystemTable = 0x45464901, kImageHandle = 0x45464902 };  // program.c of the loader

// ---- Calls to the firmware

enum { kMostArguments = 16 };
typedef EFI_API uint64_t EfiFunction(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                     uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                     uint64_t, uint64_t, uint64_t, uint64_t);

// A number, None, or anything with a buffer, of which the firmware gets the address.
static int take_argument(PyObject* object, uint64_t* value, Py_buffer* buffer, int* has_buffer) {
  if (object == Py_None) {
    *value = 0;
    return 0;
  }
  if (!PyLong_Check(object) && PyObject_CheckBuffer(object)) {
    if (PyObject_GetBuffer(object, buffer, PyBUF_SIMPLE) < 0) return -1;
    *has_buffer = 1;
    *value = (uint64_t)buffer->buf;
    return 0;
  }
  PyObject* const number = PyNumber_Index(object);
  if (number == NULL) return -1;
  *value = PyLong_AsUnsignedLongLongMask(number);
  Py_DECREF(number);
  return *value == UINT64_MAX && PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(call_doc,
             "call(address, *arguments) -> int\n\n"
             "Calls a function of the firmware with up to 16 arguments: integers, None, or objects "
             "with a buffer, whose addresses it gets.");
static PyObject* call(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  (void)self;
  uint64_t v[kMostArguments + 1] = {0};
  Py_buffer buffers[kMostArguments + 1];
  int used = 0, failed = 0;
  if (count < 1 || count > kMostArguments + 1) {
    PyErr_SetString(PyExc_TypeError, "call takes an address and up to 16 arguments");
    return NULL;
  }
  for (Py_ssize_t i = 0; i < count && !failed; ++i) {
    int has_buffer = 0;
    failed = take_argument(arguments[i], &v[i], &buffers[used], &has_buffer) != 0;
    used += has_buffer;
  }
  if (!failed && v[0] == 0) {
    PyErr_SetString(PyExc_ValueError, "call of a null pointer");
    failed = 1;
  }
  uint64_t result = 0;
  if (!failed) {
    // The callee takes as many as it has; the others are the caller's to clean up.
    result = ((EfiFunction*)v[0])(v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10],
                                  v[11], v[12], v[13], v[14], v[15], v[16]);
  }
  while (used != 0) PyBuffer_Release(&buffers[--used]);
  if (failed || PyErr_CheckSignals() != 0) return NULL;
  return PyLong_FromUnsignedLongLong(result);
}

// ---- Notifications of events
// They run at a raised TPL on top of anything, also in the middle of Python's own functions: the
// function below may only leave a mark, and a signal for the main thread. With interrupts off the
// loader does not deliver it at once, but where the main thread would handle a Ctrl-C; also when it
// sleeps. The module `efi` takes the marks out.

enum { kRing = 1024 };
static struct {
  volatile uint64_t contexts[kRing];
  volatile uint32_t written, read, lost;
} notifications;

static void signal_main_thread(void) {
  uint64_t result = SYS_kill;
  __asm__ volatile("pushfq; cli; syscall; popfq"
                   : "+a"(result)
                   : "D"((uint64_t)1), "S"((uint64_t)SIGUSR2)
                   : "rcx", "r11", "memory", "cc");
}

static EFI_API void notify(void* event, void* context) {
  (void)event;
  if (notifications.written - notifications.read < kRing) {
    notifications.contexts[notifications.written % kRing] = (uint64_t)context;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    ++notifications.written;
  } else {
    ++notifications.lost;
  }
  signal_main_thread();
}

PyDoc_STRVAR(next_doc,
             "next_notification() -> int or None\n\n"
             "The context of the oldest notification that has not been taken yet.");
static PyObject* next_notification(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  if (notifications.read == notifications.written) Py_RETURN_NONE;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  const uint64_t context = notifications.contexts[notifications.read % kRing];
  ++notifications.read;
  return PyLong_FromUnsignedLongLong(context);
}

PyDoc_STRVAR(lost_doc, "lost_notifications() -> int\n\nHow many found no room.");
static PyObject* lost_notifications(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  return PyLong_FromUnsignedLong(notifications.lost);
}

// ---- Functions that the firmware calls at once
// A thunk is a few instructions that load the address of a function of the System V ABI (ctypes
// makes one of a Python function) and go here. The firmware keeps more registers than such a
// function does: RDI, RSI and XMM6-XMM15 are saved around it.

__asm__(
    ".text\n"
    ".globl efi_thunk_body\n"
    ".hidden efi_thunk_body\n"
    "efi_thunk_body:\n"  // RAX: the function; 4 arguments in registers, the others from [RSP + 40]
    "  pushq %rbp\n"
    "  movq %rsp, %rbp\n"
    "  pushq %rdi\n"
    "  pushq %rsi\n"
    "  subq $160, %rsp\n"
    "  movups %xmm6, 0(%rsp)\n"
    "  movups %xmm7, 16(%rsp)\n"
    "  movups %xmm8, 32(%rsp)\n"
    "  movups %xmm9, 48(%rsp)\n"
    "  movups %xmm10, 64(%rsp)\n"
    "  movups %xmm11, 80(%rsp)\n"
    "  movups %xmm12, 96(%rsp)\n"
    "  movups %xmm13, 112(%rsp)\n"
    "  movups %xmm14, 128(%rsp)\n"
    "  movups %xmm15, 144(%rsp)\n"
    "  pushq 72(%rbp)\n"  // the eighth argument and the seventh
    "  pushq 64(%rbp)\n"
    "  movq %rcx, %rdi\n"
    "  movq %rdx, %rsi\n"
    "  movq %r8, %rdx\n"
    "  movq %r9, %rcx\n"
    "  movq 48(%rbp), %r8\n"
    "  movq 56(%rbp), %r9\n"
    "  call *%rax\n"
    "  addq $16, %rsp\n"
    "  movups 0(%rsp), %xmm6\n"
    "  movups 16(%rsp), %xmm7\n"
    "  movups 32(%rsp), %xmm8\n"
    "  movups 48(%rsp), %xmm9\n"
    "  movups 64(%rsp), %xmm10\n"
    "  movups 80(%rsp), %xmm11\n"
    "  movups 96(%rsp), %xmm12\n"
    "  movups 112(%rsp), %xmm13\n"
    "  movups 128(%rsp), %xmm14\n"
    "  movups 144(%rsp), %xmm15\n"
    "  addq $160, %rsp\n"
    "  popq %rsi\n"
    "  popq %rdi\n"
    "  popq %rbp\n"
    "  ret\n");
extern const char efi_thunk_body[];

enum { kThunkBytes = 32, kThunkPage = 4096 };
static struct {
  uint8_t* next;
  uint8_t* end;
  void* free_list;  // linked through their first words
} thunks;

static uint8_t* take_thunk(void) {
  if (thunks.free_list != NULL) {
    uint8_t* const thunk = thunks.free_list;
    memcpy(&thunks.free_list, thunk, sizeof thunks.free_list);
    return thunk;
  }
  if (thunks.next == thunks.end) {
    void* const page = mmap(NULL, kThunkPage, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return NULL;
    thunks.next = page;
    thunks.end = thunks.next + kThunkPage;
  }
  uint8_t* const thunk = thunks.next;
  thunks.next += kThunkBytes;
  return thunk;
}

PyDoc_STRVAR(thunk_doc,
             "thunk(address) -> int\n\n"
             "An address that the firmware can call, with up to eight arguments, for a function of "
             "the System V ABI. drop_thunk gives it back.");
static PyObject* thunk(PyObject* self, PyObject* object) {
  (void)self;
  const uint64_t function = PyLong_AsUnsignedLongLong(object);
  if (function == UINT64_MAX && PyErr_Occurred()) return NULL;
  uint8_t* const code = take_thunk();
  if (code == NULL) return PyErr_NoMemory();
  // movabs function, %rax; movabs efi_thunk_body, %r10; jmp *%r10
  const uint64_t body = (uint64_t)efi_thunk_body;
  code[0] = 0x48;
  code[1] = 0xb8;
  memcpy(code + 2, &function, sizeof function);
  code[10] = 0x49;
  code[11] = 0xba;
  memcpy(code + 12, &body, sizeof body);
  memcpy(code + 20, "\x41\xff\xe2", 3);
  return PyLong_FromUnsignedLongLong((uint64_t)code);
}

PyDoc_STRVAR(drop_thunk_doc, "drop_thunk(address)\n\nNobody calls it any more.");
static PyObject* drop_thunk(PyObject* self, PyObject* object) {
  (void)self;
  const uint64_t address = PyLong_AsUnsignedLongLong(object);
  if (address == UINT64_MAX && PyErr_Occurred()) return NULL;
  if (address != 0) {
    memcpy((void*)address, &thunks.free_list, sizeof thunks.free_list);
    thunks.free_list = (void*)address;
  }
  Py_RETURN_NONE;
}

// ---- Instructions

static PyObject* cpuid(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned leaf, subleaf = 0, a, b, c, d;
  if (!PyArg_ParseTuple(arguments, "I|I:cpuid", &leaf, &subleaf)) return NULL;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(subleaf));
  return Py_BuildValue("IIII", a, b, c, d);
}

static PyObject* rdmsr(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned msr, low, high;
  if (!PyArg_ParseTuple(arguments, "I:rdmsr", &msr)) return NULL;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return PyLong_FromUnsignedLongLong((uint64_t)high << 32 | low);
}

static PyObject* wrmsr(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned msr;
  unsigned long long value;
  if (!PyArg_ParseTuple(arguments, "IK:wrmsr", &msr, &value)) return NULL;
  __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
  Py_RETURN_NONE;
}

static PyObject* bad_width(void) {
  PyErr_SetString(PyExc_ValueError, "a width is 1, 2 or 4 bytes");
  return NULL;
}

static PyObject* port_in(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned short port;
  unsigned width;
  uint32_t value = 0;
  if (!PyArg_ParseTuple(arguments, "HI:port_in", &port, &width)) return NULL;
  if (width == 1) {
    __asm__ volatile("inb %1, %b0" : "+a"(value) : "d"(port));
  } else if (width == 2) {
    __asm__ volatile("inw %1, %w0" : "+a"(value) : "d"(port));
  } else if (width == 4) {
    __asm__ volatile("inl %1, %0" : "+a"(value) : "d"(port));
  } else {
    return bad_width();
  }
  return PyLong_FromUnsignedLong(value);
}

static PyObject* port_out(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned short port;
  unsigned width, value;
  if (!PyArg_ParseTuple(arguments, "HII:port_out", &port, &width, &value)) return NULL;
  if (width == 1) {
    __asm__ volatile("outb %b0, %1" : : "a"(value), "d"(port));
  } else if (width == 2) {
    __asm__ volatile("outw %w0, %1" : : "a"(value), "d"(port));
  } else if (width == 4) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "d"(port));
  } else {
    return bad_width();
  }
  Py_RETURN_NONE;
}

// ---- For the test of the loader's red zone protection: a leaf that keeps values below RSP.

PyDoc_STRVAR(red_zone_doc,
             "check_red_zone(rounds) -> int\n\n"
             "How many of the values that a function keeps in its red zone were destroyed.");
static PyObject* check_red_zone(PyObject* self, PyObject* object) {
  (void)self;
  uint64_t rounds = PyLong_AsUnsignedLongLong(object), bad = 0;
  if (rounds == UINT64_MAX && PyErr_Occurred()) return NULL;
  // Its own frame is left first, so that only the test's values are in the red zone.
  __asm__ volatile(
      "subq $256, %%rsp\n"
      "1: movq %[n], -8(%%rsp)\n"
      "   movq %[n], -56(%%rsp)\n"
      "   movq %[n], -128(%%rsp)\n"
      "   movl $64, %%ecx\n"
      "2: decl %%ecx\n"
      "   jnz 2b\n"
      "   xorl %%eax, %%eax\n"
      "   cmpq %[n], -8(%%rsp)\n"
      "   setne %%al\n"
      "   addq %%rax, %[bad]\n"
      "   cmpq %[n], -56(%%rsp)\n"
      "   setne %%al\n"
      "   addq %%rax, %[bad]\n"
      "   cmpq %[n], -128(%%rsp)\n"
      "   setne %%al\n"
      "   addq %%rax, %[bad]\n"
      "   decq %[n]\n"
      "   jnz 1b\n"
      "addq $256, %%rsp\n"
      : [bad] "+r"(bad), [n] "+r"(rounds)
      :
      : "rax", "rcx", "memory", "cc");
  return PyLong_FromUnsignedLongLong(bad);
}

static PyMethodDef methods[] = {
    {"call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, call_doc},
    {"next_notification", next_notification, METH_NOARGS, next_doc},
    {"lost_notifications", lost_notifications, METH_NOARGS, lost_doc},
    {"thunk", thunk, METH_O, thunk_doc},
    {"drop_thunk", drop_thunk, METH_O, drop_thunk_doc},
    {"cpuid", cpuid, METH_VARARGS, "cpuid(leaf, subleaf=0) -> (eax, ebx, ecx, edx)"},
    {"rdmsr", rdmsr, METH_VARARGS, "rdmsr(msr) -> int"},
    {"wrmsr", wrmsr, METH_VARARGS, "wrmsr(msr, value)"},
    {"port_in", port_in, METH_VARARGS, "port_in(port, width) -> int"},
    {"port_out", port_out, METH_VARARGS, "port_out(port, width, value)"},
    {"check_red_zone", check_red_zone, METH_O, red_zone_doc},
    {0},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_efi",
    .m_doc = "Calls to and from UEFI firmware, and privileged instructions.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__efi(void) {
  if (getauxval(kSystemTable) == 0) {
    PyErr_SetString(PyExc_ImportError, "there is no UEFI here: this is another system's Python");
    return NULL;
  }
  PyObject* const module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  const struct {
    const char* name;
    uint64_t value;
  } constants[] = {
      {"system_table", getauxval(kSystemTable)},
      {"image_handle", getauxval(kImageHandle)},
      {"notify_address", (uint64_t)notify},
  };
  for (unsigned i = 0; i < sizeof constants / sizeof constants[0]; ++i) {
    if (PyModule_AddObject(module, constants[i].name,
                           PyLong_FromUnsignedLongLong(constants[i].value)) < 0)
      return NULL;
  }
  return module;
}
