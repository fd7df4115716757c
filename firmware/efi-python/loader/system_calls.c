// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of system calls. A number that is not in it gets ENOSYS, which the C library and Python
// know how to live with: there are no processes, for instance.
#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/frames.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"

enum { kNumbers = 448 };

static SystemCall* const kCalls[kNumbers] = {
    [0] = call_read,
    [1] = call_write,
    [2] = call_open,
    [3] = call_close,
    [4] = call_stat,
    [5] = call_fstat,
    [6] = call_lstat,
    [7] = call_poll,
    [8] = call_lseek,
    [9] = call_mmap,
    [10] = call_mprotect,
    [11] = call_munmap,
    [12] = call_brk,
    [13] = call_rt_sigaction,
    [14] = call_rt_sigprocmask,
    [16] = call_ioctl,
    [17] = call_pread,
    [18] = call_pwrite,
    [19] = call_readv,
    [20] = call_writev,
    [21] = call_access,
    [22] = call_pipe,
    [23] = call_select,
    [24] = call_sched_yield,
    [25] = call_mremap,
    [26] = call_zero,  // msync: what is mapped is private
    [28] = call_madvise,
    [32] = call_dup,
    [33] = call_dup2,
    [34] = call_pause,
    [35] = call_nanosleep,
    [36] = call_getitimer,
    [37] = call_alarm,
    [38] = call_setitimer,
    [39] = call_getpid,
    [40] = call_sendfile,
    [41] = call_socket,
    [42] = call_connect,
    [43] = call_accept,
    [44] = call_sendto,
    [45] = call_recvfrom,
    [46] = call_sendmsg,
    [47] = call_recvmsg,
    [48] = call_shutdown,
    [49] = call_bind,
    [50] = call_listen,
    [51] = call_getsockname,
    [52] = call_getpeername,
    [53] = call_socketpair,
    [54] = call_setsockopt,
    [55] = call_getsockopt,
    [56] = call_clone,
    [60] = call_exit,
    [62] = call_kill,
    [63] = call_uname,
    [72] = call_fcntl,
    [73] = call_zero,  // flock
    [74] = call_fsync,
    [75] = call_fsync,  // fdatasync
    [76] = call_truncate,
    [77] = call_ftruncate,
    [79] = call_getcwd,
    [80] = call_chdir,
    [81] = call_fchdir,
    [82] = call_rename,
    [83] = call_mkdir,
    [84] = call_rmdir,
    [85] = call_creat,
    [87] = call_unlink,
    [88] = call_symlink,
    [89] = call_readlink,
    [90] = call_zero,  // chmod
    [91] = call_zero,  // fchmod
    [92] = call_zero,  // chown
    [93] = call_zero,  // fchown
    [95] = call_umask,
    [96] = call_gettimeofday,
    [97] = call_getrlimit,
    [98] = call_getrusage,
    [99] = call_sysinfo,
    [100] = call_times,
    [102] = call_zero,  // getuid, getgid, geteuid, getegid: root
    [104] = call_zero,
    [107] = call_zero,
    [108] = call_zero,
    [109] = call_zero,  // setpgid
    [110] = call_getppid,
    [111] = call_one,   // getpgrp
    [112] = call_one,   // setsid
    [115] = call_zero,  // getgroups: none
    [118] = call_getresid,
    [120] = call_getresid,
    [121] = call_one,  // getpgid
    [124] = call_one,  // getsid
    [127] = call_rt_sigpending,
    [131] = call_sigaltstack,
    [133] = call_mknod,
    [137] = call_statfs,
    [138] = call_fstatfs,
    [149] = call_zero,  // mlock, munlock: nothing is ever paged out
    [150] = call_zero,
    [158] = call_arch_prctl,
    [162] = call_zero,  // sync
    [186] = call_gettid,
    [200] = call_tkill,
    [201] = call_time,
    [202] = call_futex,
    [204] = call_sched_getaffinity,
    [213] = call_epoll_create,
    [217] = call_getdents64,
    [218] = call_set_tid_address,
    [221] = call_zero,  // fadvise64
    [228] = call_clock_gettime,
    [229] = call_clock_getres,
    [230] = call_clock_nanosleep,
    [231] = call_exit_group,
    [232] = call_epoll_wait,
    [233] = call_epoll_ctl,
    [234] = call_tgkill,
    [257] = call_openat,
    [258] = call_mkdirat,
    [259] = call_mknodat,
    [260] = call_zero,  // fchownat
    [262] = call_newfstatat,
    [263] = call_unlinkat,
    [264] = call_renameat,
    [266] = call_symlinkat,
    [267] = call_readlinkat,
    [268] = call_zero,  // fchmodat
    [269] = call_faccessat,
    [270] = call_pselect,
    [271] = call_ppoll,
    [273] = call_zero,  // set_robust_list: threads do not die without unlocking
    [280] = call_utimensat,
    [281] = call_epoll_pwait,
    [284] = call_eventfd,
    [288] = call_accept4,
    [290] = call_eventfd2,
    [291] = call_epoll_create1,
    [292] = call_dup3,
    [293] = call_pipe2,
    [295] = call_preadv,
    [296] = call_pwritev,
    [302] = call_prlimit64,
    [307] = call_sendmmsg,
    [309] = call_getcpu,
    [316] = call_renameat,
    [318] = call_getrandom,
    [319] = call_memfd_create,
    [332] = call_statx,
    [436] = call_close_range,
    [439] = call_faccessat,
};

// From entry.asm.
int64_t system_call(CallFrame* frame) {
  const uint64_t arguments[6] = {frame->rdi, frame->rsi, frame->rdx,
                                 frame->r10, frame->r8,  frame->r9};
  SystemCall* const call = frame->rax < kNumbers ? kCalls[frame->rax] : NULL;
  CallFrame* const outer = threads_enter_call(frame);
  const int64_t result = call == NULL ? -kEnosys : call(arguments);
  debug("[%d] call %d(%x, %x, %x, %x) = %d\n", thread_id(), frame->rax, arguments[0], arguments[1],
        arguments[2], arguments[3], result);
  threads_leave_call(frame, outer);
  return result;
}
