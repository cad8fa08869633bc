// Headers of Linux that Swift's Glibc module leaves out, and its variadic functions, which the importer can't read.
#ifndef TWILIOFS_CLINUX_SHIM_H
#define TWILIOFS_CLINUX_SHIM_H

#include <errno.h>
#include <malloc.h>
#include <mntent.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Keeps the process's memory from core dumps, also from those that the kernel pipes to a program, and from debuggers of
// the same user.
static inline int twiliofs_disable_core_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Keeps the process, and what it may start, from getting more privileges than it has.
static inline int twiliofs_forbid_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// Overwrites what a secret may have left in registers and in the unused part of the calling thread's stack.
//
// memcpy moves secrets through vector registers, and the dynamic linker saves these on the stack when it looks a
// function up at its first call. Never inlined: the part of the stack below the caller's frame is the unused one.
__attribute__((noinline, used)) static void twiliofs_wipe_traces(void) {
    unsigned char unused[16 << 10];
    explicit_bzero(unused, sizeof unused);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx"))
        __asm__ volatile(".byte 0xc5, 0xfc, 0x77" ::: "memory");  // vzeroall, which compilers want AVX for
    else
        __asm__ volatile(
            "pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2; pxor %%xmm3, %%xmm3;"
            "pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("movi v0.2d, #0; movi v1.2d, #0; movi v2.2d, #0; movi v3.2d, #0;"
                     "movi v4.2d, #0; movi v5.2d, #0; movi v6.2d, #0; movi v7.2d, #0" ::
                         : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "memory");
#endif
}

// Names the calling thread; the kernel keeps the first 15 bytes.
static inline void twiliofs_name_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

// GNU's, which Glibc's module leaves out: closes all descriptors from one to another.
int close_range(unsigned int first, unsigned int last, int flags);

static inline int twiliofs_close_range(unsigned int first, unsigned int last) {
    return close_range(first, last, 0);
}

// Has flags whose values differ between architectures: keeps the pages of the process in memory, those of later as
// well, each from its first use on.
static inline int twiliofs_lock_all_memory(int includes_present) {
    return mlockall((includes_present ? MCL_CURRENT : 0) | MCL_FUTURE | MCL_ONFAULT);
}

int mlock2(const void *start, size_t length, unsigned int flags);

static inline int twiliofs_lock_memory(const void *start, size_t length) {
    return mlock2(start, length, 1 /* MLOCK_ONFAULT */);
}

// Has glibc's allocator use one arena for all threads.
static inline int twiliofs_use_one_arena(void) {
    return mallopt(M_ARENA_MAX, 1);
}

// Has glibc keep memory of up to 64 MiB that was freed, and take buffers of up to 8 MiB from it: by default each large
// one that is made, used and freed goes back to the kernel, which clears all of its pages the next time.
static inline int twiliofs_keep_freed_memory(void) {
    return mallopt(M_TRIM_THRESHOLD, 64 << 20) == 1 && mallopt(M_MMAP_THRESHOLD, 8 << 20) == 1;
}

// Gives memory that was freed back to the kernel.
static inline void twiliofs_release_freed_memory(void) {
    malloc_trim(0);
}

// Has the processor bring bytes to its caches, while it goes on: any address is allowed.
static inline void twiliofs_prefetch(const void *bytes, size_t count) {
    for (size_t offset = 0; offset < count; offset += 64) __builtin_prefetch((const char *)bytes + offset);
}

// GNU's, which Glibc's module leaves out: waits until the disk has everything of the file system that a descriptor is
// in.
int syncfs(int descriptor);

static inline int twiliofs_sync_file_system(int descriptor) {
    return syncfs(descriptor);
}

// GNU's as well: has a number mean another open file from now on, which is closed in programs that are started.
int dup3(int from, int to, int flags);

static inline int twiliofs_replace_descriptor(int number, int by) {
    return dup3(by, number, 02000000 /* O_CLOEXEC */);
}

// GNU's as well: has a process that is to be started close all descriptors from one on.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

static inline int twiliofs_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

// GNU's as well: the working directory of a process that is to be started.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

static inline int twiliofs_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

// A file in memory; libc's function is GNU's as well.
static inline int twiliofs_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

// Linux's calls for mounts that aren't in the tree of directories (mount_setattr(2) and its relatives); an older C
// library hasn't got them. This one returns a descriptor of a mount's copy, which vanishes with it unless it is put
// somewhere.
static inline int twiliofs_copy_mount(const char *path) {
    return (int)syscall(SYS_open_tree, -100 /* AT_FDCWD */, path, 02000001 /* OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE */);
}

// Puts such a copy on a directory, or beneath the mount that is there already (from Linux 6.5 on).
static inline int twiliofs_put_mount(int copy, const char *path, int is_beneath) {
    return (int)syscall(
        SYS_move_mount, copy, "", -100 /* AT_FDCWD */, path,
        4u /* MOVE_MOUNT_F_EMPTY_PATH */ | (is_beneath ? 0x200u /* MOVE_MOUNT_BENEATH */ : 0u));
}

// Landlock (landlock(7)), which glibc doesn't wrap. The structures and numbers are those of Linux 6.12, since the
// headers of an older system lack the newer ones; the numbers of the calls are the same for every processor.
struct twiliofs_landlock_ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

struct twiliofs_landlock_path {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

// The version of the kernel's interface, or -1.
static inline int twiliofs_landlock_version(void) {
    return (int)syscall(444, NULL, 0, 1);
}

static inline int twiliofs_landlock_create(const struct twiliofs_landlock_ruleset *ruleset, size_t size) {
    return (int)syscall(444, ruleset, size, 0);
}

static inline int twiliofs_landlock_allow(int ruleset, uint64_t allowed, int parent) {
    struct twiliofs_landlock_path path = {.allowed = allowed, .parent = parent};
    return (int)syscall(445, ruleset, 1, &path, 0);
}

// Confines the calling thread and the threads and processes that it starts; the ruleset -1 means none. A signal handler
// may call it. Returns an errno.
static inline int twiliofs_confine_thread(int ruleset) {
    int before = errno;
    int result = 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) result = errno;
    if (result == 0 && ruleset >= 0 && syscall(446, ruleset, 0) != 0) result = errno;
    errno = before;
    return result;
}

static inline int twiliofs_signal_thread(int thread, int signal) {
    return (int)syscall(SYS_tgkill, getpid(), thread, signal);
}

static inline int twiliofs_thread_id(void) {
    return (int)syscall(SYS_gettid);
}

// The users and groups of the calling thread alone; glibc's functions, which change those of all threads, are declared
// below.
static inline int twiliofs_set_thread_groups(gid_t real, gid_t effective, gid_t saved) {
    return (int)syscall(SYS_setresgid, real, effective, saved);
}

static inline int twiliofs_set_thread_users(uid_t real, uid_t effective, uid_t saved) {
    return (int)syscall(SYS_setresuid, real, effective, saved);
}

// GNU's as well.
int setresuid(uid_t real, uid_t effective, uid_t saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);
int initgroups(const char *user, gid_t group);

static inline int twiliofs_set_users(uid_t real, uid_t effective, uid_t saved) {
    return setresuid(real, effective, saved);
}

static inline int twiliofs_set_groups(gid_t real, gid_t effective, gid_t saved) {
    return setresgid(real, effective, saved);
}

static inline int twiliofs_take_groups_of(const char *user, gid_t group) {
    return initgroups(user, group);
}

// Messages with a descriptor, by the structures of the kernel: with glibc's header, Swift would look for what that
// defines in this module, and no longer in Glibc.
struct twiliofs_part {
    void *bytes;
    size_t count;
};

struct twiliofs_message {
    void *name;
    int name_length;
    struct twiliofs_part *parts;
    size_t part_count;
    void *control;
    size_t control_length;
    unsigned flags;
};

struct twiliofs_descriptor {
    size_t length;
    int level;
    int type;
    int descriptor;
    int padding;
};

enum { twiliofs_level_socket = 1, twiliofs_descriptors = 1 };

// Sends one message, with a descriptor unless that is -1. Returns whether it was sent.
static inline int twiliofs_send_message(int socket, const void *bytes, size_t count, int descriptor) {
    struct twiliofs_part part = {.bytes = (void *)bytes, .count = count};
    struct twiliofs_descriptor control = {
        .length = offsetof(struct twiliofs_descriptor, descriptor) + sizeof(int),
        .level = twiliofs_level_socket,
        .type = twiliofs_descriptors,
        .descriptor = descriptor};
    struct twiliofs_message message = {.parts = &part, .part_count = 1};
    if (descriptor >= 0) {
        message.control = &control;
        message.control_length = sizeof control;
    }
    const int no_signal = 0x4000;
    long sent;
    do sent = syscall(SYS_sendmsg, socket, &message, no_signal);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 && (size_t)sent == count;
}

// Receives one message with its descriptor, or -1. Returns its size: 0 for the end, -1 for an error or a message that
// is too long.
static inline ssize_t twiliofs_receive_message(int socket, void *bytes, size_t room, int *descriptor) {
    const int close_on_execution = 0x40000000;
    const unsigned truncated = 0x20 | 0x08;
    struct twiliofs_part part = {.bytes = bytes, .count = room};
    struct twiliofs_descriptor control = {.length = 0};
    // Without the padding, where the kernel would put a second descriptor, which nobody would close.
    const size_t least = offsetof(struct twiliofs_descriptor, descriptor) + sizeof(int);
    struct twiliofs_message message = {
        .parts = &part, .part_count = 1, .control = &control, .control_length = least};
    *descriptor = -1;
    long received;
    do received = syscall(SYS_recvmsg, socket, &message, close_on_execution);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -1;
    if (message.control_length >= least && control.length >= least && control.level == twiliofs_level_socket &&
        control.type == twiliofs_descriptors)
        *descriptor = control.descriptor;
    if ((message.flags & truncated) == 0) return received;
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
    return -1;
}

#endif
