// Headers of Linux that Swift's Glibc module leaves out, and its variadic functions, which the importer can't read.
#ifndef TWILIOFS_CLINUX_SHIM_H
#define TWILIOFS_CLINUX_SHIM_H

#include <malloc.h>
#include <mntent.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

// Keeps the process's memory from core dumps, also from those that the kernel pipes to a program, and from debuggers of
// the same user.
static inline int twiliofs_disable_core_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Keeps the process, and what it may start, from getting more privileges than it has.
static inline int twiliofs_forbid_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
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

#endif
