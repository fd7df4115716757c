// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls, by the file they are in. Arguments are the six registers; the result is a count or
// a negative error number.
#pragma once

#include <stdint.h>

typedef int64_t SystemCall(const uint64_t* a);

// calls_files.c
SystemCall call_read, call_write, call_readv, call_writev, call_pread, call_pwrite, call_preadv,
    call_pwritev, call_open, call_openat, call_creat, call_close, call_close_range, call_lseek,
    call_ftruncate, call_fsync, call_dup, call_dup2, call_dup3, call_fcntl, call_ioctl,
    call_getdents64, call_sendfile, call_memfd_create, call_pipe, call_pipe2, call_eventfd,
    call_eventfd2;
// calls_paths.c
SystemCall call_stat, call_fstat, call_lstat, call_newfstatat, call_statx, call_access,
    call_faccessat, call_readlink, call_readlinkat, call_getcwd, call_chdir, call_fchdir,
    call_mkdir, call_mkdirat, call_mknod, call_mknodat, call_rmdir, call_unlink, call_unlinkat,
    call_rename, call_renameat, call_symlink, call_symlinkat, call_truncate, call_statfs,
    call_fstatfs, call_utimensat;
// calls_memory.c
SystemCall call_mmap, call_munmap, call_mprotect, call_mremap, call_brk, call_madvise;
// calls_wait.c
SystemCall call_poll, call_ppoll, call_select, call_pselect, call_epoll_create, call_epoll_create1,
    call_epoll_ctl, call_epoll_wait, call_epoll_pwait, call_nanosleep, call_clock_nanosleep,
    call_futex, call_pause, call_sched_yield;
// calls_process.c
SystemCall call_clone, call_exit, call_exit_group, call_getpid, call_getppid, call_gettid,
    call_set_tid_address, call_arch_prctl, call_rt_sigaction, call_rt_sigprocmask,
    call_rt_sigpending, call_kill, call_tgkill, call_tkill, call_alarm, call_setitimer,
    call_getitimer, call_clock_gettime, call_clock_getres, call_gettimeofday, call_time, call_times,
    call_getrusage, call_sysinfo, call_uname, call_getrandom, call_prlimit64, call_getrlimit,
    call_sched_getaffinity, call_getcpu, call_umask, call_getresid, call_sigaltstack, call_zero,
    call_one;
// calls_sockets.c
SystemCall call_socket, call_socketpair, call_shutdown, call_sendto, call_recvfrom, call_sendmsg,
    call_recvmsg, call_getsockname, call_getpeername, call_setsockopt, call_getsockopt,
    call_connect, call_bind, call_listen, call_accept, call_accept4, call_sendmmsg;
